import Encoders
import Support
import Tensors

/// A multilayer perceptron with batch norm on one vector a view.
///
/// Chen et al. 2020, "SimCLR", official code: linear layers without bias, each with batch norm, rectified but for the
/// last, whose norm has a gain and no bias. It reads the class token where there is one, else the mean of all places.
final class Projector: EncoderPredictor {
  static let kind = "projector"
  static let summary = "perceptron with batch norm on one vector a view (SimCLR)"
  private static let epsilon: Float = 1e-5

  /// A linear layer and its norm.
  private struct Layer {
    let weight: Parameter
    let gain: Parameter
    let bias: Parameter?
    let statistics: RunningStatistics
  }

  private let layers: [Layer]

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    guard shape == .views else { throw Self.cannot(predict: shape, fields) }
    let inputs = context.encoder.width
    let hidden = try fields.take(
      "hidden", default: inputs, in: 1...65_536, "features of the hidden layers")
    let outputs = try fields.take("width", default: 128, in: 2...65_536, "features of the result")
    let count = try fields.take("layers", default: 2, in: 1...8, "linear layers")
    let store = context.store
    layers = (0..<count).map { index in
      let isLast = index == count - 1
      let name = "\(context.prefix)projector.\(index)"
      let extent = isLast ? outputs : hidden
      return Layer(
        weight: store.add("\(name).weight", [extent, index == 0 ? inputs : hidden]),
        gain: store.add("\(name).bn.weight", [extent]),
        bias: isLast ? nil : store.add("\(name).bn.bias", [extent]),
        statistics: RunningStatistics(store, "\(name).bn", extent))
    }
  }

  /// Weights normal(0.01), norms 1 and 0.
  func initialize(seed: UInt64) {
    for layer in layers {
      Initialization.normal(0.01).fill(layer.weight, seed: seed)
      Initialization.constant(1).fill(layer.gain, seed: seed)
      if let bias = layer.bias { Initialization.constant(0).fill(bias, seed: seed) }
      layer.statistics.reset()
    }
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    var x = pooled(output.features[0], in: graph)
    for (index, layer) in layers.enumerated() {
      x = graph.linear(x, weight: layer.weight, bias: nil, output: .float32)
      x = graph.batchNorm(
        x, gain: layer.gain, bias: layer.bias, statistics: layer.statistics, epsilon: Self.epsilon,
        rectified: index < layers.count - 1)
    }
    return x
  }

  private func pooled(_ features: LevelFeatures, in graph: Graph) -> Node {
    let sequence = graph.converted(features.sequence, to: .float32)
    let range = features.prefixTokens > 0 ? 0..<1 : 0..<sequence.shape[1]
    return graph.mean(sequence, tokens: range)
  }

  func forwardFLOPs(visible: Int, hidden: Int) -> Double {
    2 * Double(layers.reduce(0) { $0 + $1.weight.count })
  }
}
