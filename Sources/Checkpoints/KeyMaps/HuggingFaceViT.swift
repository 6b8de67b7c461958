import Encoders
import Support
import Tensors
import Vision

/// Hugging Face's `ViTModel`, `ViTMAEForPreTraining`, `DeiTModel`, `ViTMSNModel` and classifiers of them.
enum HuggingFaceViT: KeyMap {
  static let name = "hf-vit"
  static let summary = "Hugging Face ViT, ViTMAE, DeiT, ViTMSN"
  static let signature = [
    "embeddings.patch_embeddings.projection.weight", "encoder.layer.0.layernorm_before.weight",
    "encoder.layer.0.attention.attention.query.weight",
  ]

  /// The names that BEiT and DINOv2 share.
  static let common = RenameRule.list([
    ("embeddings.cls_token", "cls_token"),
    ("embeddings.distillation_token", "dist_token"),
    ("embeddings.register_tokens", "reg_token"),
    ("embeddings.position_embeddings", "pos_embed"),
    ("embeddings.patch_embeddings.projection.", "patch_embed.proj."),
    ("encoder.layer.#.attention.attention.query.", "blocks.#.attn.q."),
    ("encoder.layer.#.attention.attention.key.", "blocks.#.attn.k."),
    ("encoder.layer.#.attention.attention.value.", "blocks.#.attn.v."),
    ("encoder.layer.#.attention.output.dense.", "blocks.#.attn.proj."),
    ("layernorm.", "norm."),
  ])

  /// The names of plain blocks.
  static let blocks = RenameRule.list([
    ("encoder.layer.#.layernorm_before.", "blocks.#.norm1."),
    ("encoder.layer.#.layernorm_after.", "blocks.#.norm2."),
    ("encoder.layer.#.intermediate.dense.", "blocks.#.mlp.fc1."),
    ("encoder.layer.#.output.dense.", "blocks.#.mlp.fc2."),
  ])

  static func score(_ weights: WeightView) -> Int {
    hasSignature(weights) && !weights.has("encoder.layer.0.lambda_1") ? 1 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.normEpsilon = 1e-12
    traits.resampling = .plain
    // ViTMAE comes with a file; without one as its authors evaluate, and others as their class does.
    let isMAE = weights.archive.names.contains { $0.hasPrefix("decoder.decoder_embed.") }
    if !isMAE {
      traits.preprocessing = try HubProcessor.standard(modelType: weights.modelType ?? "vit")
    }
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: common + blocks), weights.applyingSettings(to: traits), options,
      family: name)
    plan.head = weights.classifier(width: plan.architecture.width, pooling: .classToken)
    return plan
  }
}

extension WeightView {
  /// The classifier that Hugging Face's `…ForImageClassification` puts beside the network.
  func classifier(width: Int, pooling: ClassifierHead.Pooling) -> HeadPlan? {
    let names = ["classifier", "cls_classifier"]
    guard let name = names.first(where: { archive.entry("\($0).weight") != nil }),
      let shape = archive.entry("\(name).weight")?.shape,
      shape.count == 2, shape[0] > 0, shape[1] == width || shape[1] == 2 * width
    else { return nil }
    let second = "distillation_classifier"
    if name == "cls_classifier", archive.entry("\(second).weight")?.shape == shape {
      return .distilled(
        weights: ["\(name).weight", "\(second).weight"],
        biases: ["\(name).bias", "\(second).bias"].filter { archive.entry($0) != nil }, shape: shape
      )
    }
    let hasBias = archive.entry("\(name).bias") != nil
    return HeadPlan(
      pooling: shape[1] == 2 * width ? .classAndMean : pooling,
      weight: .tensor("\(name).weight", shape: shape),
      bias: hasBias ? .tensor("\(name).bias", shape: [shape[0]]) : nil)
  }
}
