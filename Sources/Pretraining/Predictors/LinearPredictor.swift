import Encoders
import Support
import Tensors

/// One linear layer on the tokens of hidden patches.
///
/// Baevski et al. 2022, "data2vec"; Bao et al. 2022, "BEiT" (`lm_head`).
final class LinearPredictor: EncoderPredictor {
  static let kind = "linear"
  static let summary = "one linear layer on hidden tokens (data2vec, BEiT)"

  private let layer: LinearParameters

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    guard case .hiddenPatches(let outputs) = shape else {
      throw Self.cannot(predict: shape, fields)
    }
    guard context.hiding == .replace else {
      throw fields.error(
        at: nil, "linear reads the tokens of hidden patches, which are dropped",
        "hide patches by mask: {apply: replace}")
    }
    layer = LinearParameters(
      context.store, context.prefix + "lm_head", context.encoder.width, outputs)
  }

  /// Truncated normal(0.02), as BEiT's code; biases 0.
  func initialize(seed: UInt64) {
    Initialization.truncatedNormal(0.02).fill(layer.weight, seed: seed)
    if let bias = layer.bias { Initialization.constant(0).fill(bias, seed: seed) }
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    graph.linear(
      output.features[0].hiddenPatches(of: slice, in: graph), weight: layer.weight,
      bias: layer.bias, output: .float32)
  }

  func forwardFLOPs(visible: Int, hidden: Int) -> Double { 2 * Double(hidden * layer.weight.count) }
}
