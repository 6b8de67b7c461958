import Encoders
import Support
import Tensors

/// What the encoder makes of hidden patches when it sees them alone, with the weights of this step.
///
/// Chen et al. 2022, "Context Autoencoder" (alignment): the same network, no moving average; no gradient flows through it.
struct LatentTarget: Target {
  static let kind = "latent"
  static let summary = "what the encoder itself makes of the hidden patches alone (CAE)"

  private let encoder: any Encoder

  init(_ fields: Fields, _ context: PartContext) throws {
    try context.checkHidesPatches("latent", fields)
    guard context.hiding == .drop else {
      throw fields.error(
        at: "kind", "latent shows the encoder the hidden patches alone, without the others",
        "hide patches by mask: {apply: drop}")
    }
    encoder = context.encoder
  }

  var shape: PredictionShape { .hiddenPatches(width: encoder.width) }
  var encodesHiddenPatches: Bool { true }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    let constant = graph.detached()
    let hidden = slice.plans.flatMap(\.hidden)
    let output = encoder.encode(
      EncoderInput(slice.images, mask: .drop(visible: hidden)), in: constant)
    return output.features[0].patches(in: constant)
      .reshaped([hidden.count, encoder.width])
  }
}
