import Support
import Tensors
import Vision

/// BEiT and BEiT v2 (official code and timm): no key bias, layer scale, relative positions.
enum BEiT: KeyMap {
  static let name = "beit"
  static let summary = "BEiT, BEiT v2"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight",
    "blocks.0.attn.q_bias",
  ]

  /// The names that differ from timm's ViT; CAE, SimMIM and data2vec share them.
  static let rules =
    RenameRule.list([
      ("blocks.#.gamma_1", "blocks.#.ls1.gamma"), ("blocks.#.gamma_2", "blocks.#.ls2.gamma"),
    ])
    + [
      "cls_token", "pos_embed", "patch_embed.", "blocks.", "rel_pos_bias.", "norm.", "fc_norm.",
      "head.",
    ].map { RenameRule($0, $0) }

  static func score(_ weights: WeightView) -> Int { hasSignature(weights) ? 2 : 0 }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    // As its fine-tuning code evaluates, where larger inputs are not cut.
    traits.preprocessing = Preprocessing(side: 224, statistics: .half)
    traits.largePreprocessing = Preprocessing(side: 384, cropRatio: 1, statistics: .half)
    traits.headPooling = .mean
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), weights.applyingSettings(to: traits), options, family: name)
  }
}
