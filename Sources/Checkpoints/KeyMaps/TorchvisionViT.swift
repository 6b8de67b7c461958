import Support
import Vision

/// torchvision's `vit_b_16` and its siblings.
enum TorchvisionViT: KeyMap {
  static let name = "torchvision-vit"
  static let summary = "torchvision's ViT"
  static let signature = [
    "conv_proj.weight", "class_token", "encoder.pos_embedding",
    "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
  ]

  private static let rules = RenameRule.list([
    ("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"),
    ("conv_proj.", "patch_embed.proj."), ("encoder.ln.", "norm."),
    ("encoder.layers.encoder_layer_#.ln_1.", "blocks.#.norm1."),
    ("encoder.layers.encoder_layer_#.ln_2.", "blocks.#.norm2."),
    ("encoder.layers.encoder_layer_#.self_attention.in_proj_weight", "blocks.#.attn.qkv.weight"),
    ("encoder.layers.encoder_layer_#.self_attention.in_proj_bias", "blocks.#.attn.qkv.bias"),
    ("encoder.layers.encoder_layer_#.self_attention.out_proj.", "blocks.#.attn.proj."),
    ("encoder.layers.encoder_layer_#.mlp.linear_1.", "blocks.#.mlp.fc1."),
    ("encoder.layers.encoder_layer_#.mlp.linear_2.", "blocks.#.mlp.fc2."),
    ("encoder.layers.encoder_layer_#.mlp.0.", "blocks.#.mlp.fc1."),
    ("encoder.layers.encoder_layer_#.mlp.3.", "blocks.#.mlp.fc2."), ("heads.head.", "head."),
  ])

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.resampling = .aligned
    traits.preprocessing = Preprocessing(side: 224, interpolation: .bilinear)
    // The weights of larger inputs are all SWAG's.
    traits.largePreprocessing = Preprocessing(side: 384, cropRatio: 1)
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
  }
}
