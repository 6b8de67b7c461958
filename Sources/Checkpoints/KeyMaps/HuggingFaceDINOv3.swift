import Support
import Tensors
import Vision

/// Hugging Face's `DINOv3ViTModel`, plain or gated.
enum HuggingFaceDINOv3: KeyMap {
  static let name = "hf-dinov3"
  static let summary = "Hugging Face DINOv3's vision transformers"
  static let signature = [
    "embeddings.patch_embeddings.weight", "embeddings.cls_token", "layer.0.norm1.weight",
    "layer.0.attention.q_proj.weight", "layer.0.layer_scale1.lambda1",
  ]

  private static let common = RenameRule.list([
    ("embeddings.cls_token", "cls_token"), ("embeddings.register_tokens", "reg_token"),
    ("embeddings.patch_embeddings.", "patch_embed.proj."),
    ("layer.#.norm1.", "blocks.#.norm1."), ("layer.#.norm2.", "blocks.#.norm2."),
    ("layer.#.attention.q_proj.", "blocks.#.attn.q."),
    ("layer.#.attention.k_proj.", "blocks.#.attn.k."),
    ("layer.#.attention.v_proj.", "blocks.#.attn.v."),
    ("layer.#.attention.o_proj.", "blocks.#.attn.proj."),
    ("layer.#.layer_scale1.lambda1", "blocks.#.ls1.gamma"),
    ("layer.#.layer_scale2.lambda1", "blocks.#.ls2.gamma"),
    ("layer.#.mlp.down_proj.", "blocks.#.mlp.fc2."), ("norm.", "norm."),
  ])
  private static let plain = RenameRule.list([("layer.#.mlp.up_proj.", "blocks.#.mlp.fc1.")])
  private static let gated = RenameRule.list([
    ("layer.#.mlp.gate_proj.", "blocks.#.mlp.fc1/gate."),
    ("layer.#.mlp.up_proj.", "blocks.#.mlp.fc1/up."),
  ])

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = DINOv3.traits
    traits.preprocessing = try HubProcessor.standard(modelType: "dinov3_vit")
    traits = try weights.applyingSettings(to: traits)
    if let base = try weights.number(weights.config["rope_theta"], "rope_theta") {
      traits.rotary = .base(base)
    }
    let isGated = weights.has("layer.0.mlp.gate_proj.weight")
    guard !isGated || weights.config["hidden_act"] == nil || traits.activation == .silu else {
      throw InputError(
        weights.archive.source, "its gates are no SiLU but \(traits.activation.rawValue)",
        UnusedWeights.advice)
    }
    return try TransformerAssembly.plan(
      weights.renamed(by: common + (isGated ? gated : plain)), traits, options, family: name)
  }
}
