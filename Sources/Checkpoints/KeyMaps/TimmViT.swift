import Support
import Tensors
import Vision

/// timm's names, which MAE, DeiT, MSN, I-JEPA, sdAE and many others share.
enum TimmViT: KeyMap {
  static let name = "timm-vit"
  static let summary = "timm's ViT; MAE, DeiT, MSN, I-JEPA and others with its names"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight",
    "blocks.0.mlp.fc1.weight",
  ]

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = try weights.applyingSettings(to: TransformerTraits())
    let architecture = weights.config["architecture"]?.string ?? ""
    if architecture.contains("quickgelu") { traits.activation = .quickGELU }
    // timm builds its CLIP towers with PyTorch's own epsilon.
    if weights.has("norm_pre.weight") {
      traits.normEpsilon = 1e-5
      guard weights.has("norm.weight"), !weights.hasAny("attn_pool.") else {
        throw InputError(
          weights.archive.source, "looks like a Perception Encoder, which has rotary positions",
          UnusedWeights.advice)
      }
      if architecture.isEmpty, options.activation == nil {
        traits.notes.append(OpenCLIP.assumedActivation)
      }
    }
    if weights.config["global_pool"]?.string == "avg" { traits.headPooling = .mean }
    return try TransformerAssembly.plan(
      weights.renamed(by: []), traits, options, family: name)
  }
}
