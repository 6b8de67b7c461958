import Support

/// DINOv2 and its register models (official code): layer scale, SwiGLU in the largest.
enum DINOv2: KeyMap {
  static let name = "dinov2"
  static let summary = "DINOv2, with or without registers"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight",
    "blocks.0.ls1.gamma",
  ]

  private static let rules =
    RenameRule.list([
      ("register_tokens", "reg_token"), ("blocks.#.mlp.w12.", "blocks.#.mlp.fc1."),
      ("blocks.#.mlp.w3.", "blocks.#.mlp.fc2."),
    ])
    + ["cls_token", "reg_token", "pos_embed", "patch_embed.", "blocks.", "norm.", "head."].map {
      RenameRule($0, $0)
    }

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights) else { return 0 }
    let isOfficial = weights.has("mask_token") || weights.has("register_tokens")
    return isOfficial || weights.has("blocks.0.mlp.w12.weight") ? 5 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    // The register models are resampled by size and with antialiasing.
    traits.resampling = weights.has("register_tokens") ? .antialiased : .offset
    // Trained at 518 in the end, evaluated at 224 (official protocols).
    if weights.shape("patch_embed.proj.weight")?.last == 14 { traits.customarySide = 224 }
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), weights.applyingSettings(to: traits), options, family: name)
  }
}
