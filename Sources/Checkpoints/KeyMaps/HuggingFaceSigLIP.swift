import Support
import Tensors
import Vision

/// The image tower of Hugging Face's `SiglipModel` and `SiglipVisionModel`: SigLIP, and SigLIP 2 of a fixed input side.
///
/// Zhai et al. 2023, Tschannen et al. 2025. There is no class token; the head, which pools by attention, is not read.
enum HuggingFaceSigLIP: KeyMap {
  static let name = "hf-siglip"
  static let summary = "Hugging Face SigLIP and SigLIP 2 image towers"
  static let signature = [
    "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight",
    "post_layernorm.weight", "encoder.layers.0.self_attn.q_proj.weight",
  ]

  private static let rules =
    RenameRule.list([
      ("embeddings.position_embedding.weight", "pos_embed"),
      ("embeddings.patch_embedding.", "patch_embed.proj."), ("post_layernorm.", "norm."),
    ]) + HuggingFaceCLIP.blocks

  static func score(_ weights: WeightView) -> Int {
    let isCLIP = weights.has("embeddings.class_embedding") || weights.hasAny("pre_layrnorm.")
    return hasSignature(weights) && !isCLIP ? 1 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    try checkType(weights)
    var traits = TransformerTraits()
    traits.activation = .geluTanh
    traits.resampling = .plain
    traits.preprocessing = try HubProcessor.standard(modelType: "siglip")
    if weights.hasAny("head.") {
      traits.notes.append("its attention pooling is not read: tokens and their mean are features")
    }
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), weights.applyingSettings(to: traits), options, family: name)
  }

  /// Refuses networks that took SigLIP's names and attend or place patches otherwise (Phi-4, Idefics).
  private static func checkType(_ weights: WeightView) throws {
    let stated = weights.imageConfig["model_type"] ?? weights.config["model_type"]
    guard let type = stated?.string, type != "siglip", type != "siglip_vision_model" else { return }
    throw InputError(
      weights.archive.source, "has SigLIP's names but is a '\(type)'", UnusedWeights.advice)
  }
}
