import Support
import Tensors
import Vision

/// The image tower of Hugging Face's `CLIPModel` and `CLIPVisionModel`.
enum HuggingFaceCLIP: KeyMap {
  static let name = "hf-clip"
  static let summary = "Hugging Face CLIP image towers"
  static let signature = [
    "embeddings.patch_embedding.weight", "embeddings.class_embedding", "pre_layrnorm.weight",
    "encoder.layers.0.self_attn.q_proj.weight",
  ]

  private static let rules =
    RenameRule.list([
      ("embeddings.class_embedding", "cls_token"),
      ("embeddings.position_embedding.weight", "pos_embed"),
      ("embeddings.patch_embedding.", "patch_embed.proj."), ("pre_layrnorm.", "norm_pre."),
      ("post_layernorm.", "norm."),
    ]) + blocks

  /// The names of blocks, which SigLIP shares.
  static let blocks = RenameRule.list([
    ("encoder.layers.#.layer_norm1.", "blocks.#.norm1."),
    ("encoder.layers.#.layer_norm2.", "blocks.#.norm2."),
    ("encoder.layers.#.self_attn.q_proj.", "blocks.#.attn.q."),
    ("encoder.layers.#.self_attn.k_proj.", "blocks.#.attn.k."),
    ("encoder.layers.#.self_attn.v_proj.", "blocks.#.attn.v."),
    ("encoder.layers.#.self_attn.out_proj.", "blocks.#.attn.proj."),
    ("encoder.layers.#.mlp.", "blocks.#.mlp."),
  ])

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.normEpsilon = 1e-5
    traits.activation = .quickGELU
    traits.resampling = .plain
    traits.preprocessing = try HubProcessor.standard(modelType: "clip")
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), weights.applyingSettings(to: traits), options, family: name)
    if let shape = weights.archive.entry("visual_projection.weight")?.shape, shape.count == 2,
      shape[1] == plan.architecture.width, shape[0] > 0
    {
      plan.head = HeadPlan(
        pooling: .classToken, isProjection: true,
        weight: .tensor("visual_projection.weight", shape: shape))
    }
    return plan
  }
}
