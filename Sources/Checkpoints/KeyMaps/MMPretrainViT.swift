import Support

/// The ViT of mmpretrain and mmselfsup, which CMAE and MILAN's re-implementation use.
enum MMPretrainViT: KeyMap {
  static let name = "mmpretrain-vit"
  static let summary = "mmpretrain's ViT; CMAE, MILAN"
  static let signature = [
    "patch_embed.projection.weight", "layers.0.ln1.weight", "layers.0.attn.qkv.weight",
    "layers.0.ffn.layers.0.0.weight",
  ]

  private static let rules = RenameRule.list([
    ("cls_token", "cls_token"), ("pos_embed", "pos_embed"),
    ("patch_embed.projection.", "patch_embed.proj."), ("pre_norm.", "norm_pre."),
    ("layers.#.ln1.", "blocks.#.norm1."), ("layers.#.ln2.", "blocks.#.norm2."),
    ("layers.#.attn.", "blocks.#.attn."), ("layers.#.ffn.layers.0.0.", "blocks.#.mlp.fc1."),
    ("layers.#.ffn.layers.1.", "blocks.#.mlp.fc2."),
    ("layers.#.gamma1.weight", "blocks.#.ls1.gamma"),
    ("layers.#.gamma2.weight", "blocks.#.ls2.gamma"), ("ln1.", "norm."), ("ln2.", "fc_norm."),
  ])

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.resampling = .plain
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
  }
}
