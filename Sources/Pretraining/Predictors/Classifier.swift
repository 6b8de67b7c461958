import Encoders
import Support
import Tensors

/// A score for each class, from one vector a view.
///
/// Liang et al. 2022, "SupMAE", official code: the mean of the patches that were seen, after the encoder's norm, a hidden
/// layer with batch norm, rectified. Without a hidden layer and on the class token it is the head of supervised training.
final class Classifier: EncoderPredictor {
  static let kind = "classifier"
  static let summary = "scores of classes from one vector a view (SupMAE, supervised)"
  private static let epsilon: Float = 1e-5

  /// A linear layer and the batch norm after it, which would take away what a bias adds.
  private struct Hidden {
    let layer: LinearParameters
    let norm: NormParameters
    let statistics: RunningStatistics
  }

  private let readsClassToken: Bool
  private let hidden: Hidden?
  private let last: LinearParameters

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    guard case .classes(let classes) = shape else { throw Self.cannot(predict: shape, fields) }
    let (encoder, store) = (context.encoder, context.store)
    readsClassToken =
      try fields.takeChoice(
        "pool", of: ["mean", "class"], default: "mean",
        "what is read: the mean of the patches that were seen, or the class token") == "class"
    guard !readsClassToken || encoder.classTokens > 0 else {
      throw fields.error(
        at: "pool", "\(encoder.name) has no class token", "use pool: mean")
    }
    let width = try fields.take(
      "hidden", default: 0, in: 0...65_536, "features of a hidden layer with batch norm; 0 for none"
    )
    guard width > 0 else {
      hidden = nil
      last = LinearParameters(store, context.prefix + "head", encoder.width, classes)
      return
    }
    let prefix = context.prefix + "cls_head."
    hidden = Hidden(
      layer: LinearParameters(store, prefix + "0", encoder.width, width, false),
      norm: NormParameters(store, prefix + "1", width),
      statistics: RunningStatistics(store, prefix + "1", width))
    last = LinearParameters(store, prefix + "3", width, classes)
  }

  /// Xavier-uniform weights, biases 0, norms 1 and 0.
  func initialize(seed: UInt64) {
    for layer in [hidden?.layer, last].compactMap({ $0 }) {
      let (outputs, inputs) = (layer.weight.shape[0], layer.weight.shape[1])
      Initialization.xavierUniform(fanIn: inputs, fanOut: outputs).fill(layer.weight, seed: seed)
      if let bias = layer.bias { Initialization.constant(0).fill(bias, seed: seed) }
    }
    guard let hidden else { return }
    Initialization.constant(1).fill(hidden.norm.gain, seed: seed)
    Initialization.constant(0).fill(hidden.norm.bias, seed: seed)
    hidden.statistics.reset()
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let features = output.features[0]
    let sequence = graph.converted(features.sequence, to: .float32)
    let range = readsClassToken ? 0..<1 : features.prefixTokens..<sequence.shape[1]
    var x = graph.mean(sequence, tokens: range)
    if let hidden {
      x = graph.linear(
        x, weight: hidden.layer.weight, bias: hidden.layer.bias, output: .float32)
      x = graph.batchNorm(
        x, gain: hidden.norm.gain, bias: hidden.norm.bias, statistics: hidden.statistics,
        epsilon: Self.epsilon, rectified: true)
    }
    return graph.linear(x, weight: last.weight, bias: last.bias, output: .float32)
  }

  func forwardFLOPs(visible: Int, hidden count: Int) -> Double {
    2 * Double(last.weight.count + (hidden?.layer.weight.count ?? 0))
  }
}
