import Encoders
import Support
import Tensors

/// A 1×1 convolution to the pixels of each place, and the pixels put where they belong.
///
/// Xie et al. 2022, "SimMIM", and Xie et al. 2023, "Masked Frequency Modeling", official code: the only layer between
/// the encoder and the image. Of hidden patches only these are computed, which is the same.
final class PixelShuffle: EncoderPredictor {
  static let kind = "pixel_shuffle"
  static let summary = "1×1 convolution and pixel shuffle, any encoder (SimMIM, MFM)"

  private let layer: LinearParameters
  private let stride: Int
  private let shape: PredictionShape
  private let places: Int
  private let width: Int

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    let level = context.encoder.level(nil)
    (stride, width) = (level.stride, level.channels)
    places = context.encoder.patchCount
    let outputs = context.encoder.channels * stride * stride
    switch shape {
    case .image: break
    case .hiddenPatches(let length) where length == outputs: break
    default: throw Self.cannot(predict: shape, fields)
    }
    guard context.hiding != .drop else {
      throw fields.error(
        at: nil, "pixel_shuffle reads every place, and hidden patches are dropped",
        "hide patches by mask: {apply: replace}")
    }
    self.shape = shape
    layer = LinearParameters(context.store, context.prefix + "decoder.0", width, outputs)
  }

  /// As PyTorch draws a 1×1 convolution: uniform in ±1 / √(inputs), weights and biases.
  func initialize(seed: UInt64) {
    for parameter in [layer.weight] + [layer.bias].compactMap({ $0 }) {
      Initialization.uniform(1 / Float(width).squareRoot()).fill(parameter, seed: seed)
    }
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let features = output.features[0]
    if case .hiddenPatches = shape {
      return pixels(features.hiddenPatches(of: slice, in: graph), graph)
    }
    return graph.pixelShuffled(
      pixels(features.patches(in: graph), graph), rows: features.grid.rows,
      columns: features.grid.columns, factor: stride)
  }

  private func pixels(_ x: Node, _ graph: Graph) -> Node {
    graph.linear(x, weight: layer.weight, bias: layer.bias, output: .float32)
  }

  func forwardFLOPs(visible: Int, hidden: Int) -> Double {
    2 * Double((shape == .image ? places : hidden) * layer.weight.count)
  }
}

extension LevelFeatures {
  /// The patches without the tokens before them: float32 `[views, places, channels]`.
  func patches(in graph: Graph) -> Node {
    let all = graph.converted(sequence, to: .float32)
    guard prefixTokens > 0 else { return all }
    let places = sequence.shape[1] - prefixTokens
    return graph.gathered(
      all,
      at: (0..<sequence.shape[0]).flatMap { _ in (0..<places).map { Int32(prefixTokens + $0) } })
  }
}
