import Support
import Vision

/// Hugging Face's `Dinov2Model` and `Dinov2WithRegistersModel`.
enum HuggingFaceDINOv2: KeyMap {
  static let name = "hf-dinov2"
  static let summary = "Hugging Face DINOv2, with or without registers"
  static let signature = [
    "embeddings.patch_embeddings.projection.weight", "encoder.layer.0.norm1.weight",
    "encoder.layer.0.layer_scale1.lambda1",
  ]

  private static let rules =
    RenameRule.list([
      ("encoder.layer.#.norm1.", "blocks.#.norm1."), ("encoder.layer.#.norm2.", "blocks.#.norm2."),
      ("encoder.layer.#.layer_scale1.lambda1", "blocks.#.ls1.gamma"),
      ("encoder.layer.#.layer_scale2.lambda1", "blocks.#.ls2.gamma"),
      ("encoder.layer.#.mlp.weights_in.", "blocks.#.mlp.fc1."),
      ("encoder.layer.#.mlp.weights_out.", "blocks.#.mlp.fc2."),
      ("encoder.layer.#.mlp.", "blocks.#.mlp."),
    ]) + HuggingFaceViT.common

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    // Only the register models are resampled with antialiasing.
    traits.resampling = weights.has("embeddings.register_tokens") ? .antialiased : .plain
    traits = try weights.applyingSettings(to: traits)
    if weights.shape("embeddings.patch_embeddings.projection.weight")?.last == 14 {
      traits.customarySide = 224
    }
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
    plan.head = weights.classifier(width: plan.architecture.width, pooling: .classAndMean)
    return plan
  }
}
