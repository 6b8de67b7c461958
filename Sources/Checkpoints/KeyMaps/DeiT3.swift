import Support
import Vision

/// DeiT III (official code): timm's names, layer scale as `gamma_1`, positions for the patches alone.
enum DeiT3: KeyMap {
  static let name = "deit3"
  static let summary = "DeiT III"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight",
    "blocks.0.attn.qkv.bias", "blocks.0.gamma_1", "pos_embed", "norm.weight",
  ]

  static func score(_ weights: WeightView) -> Int {
    // Others with these names turn their queries, or weigh positions against each other.
    let others = ["rope", "rel_pos", "norm_pre."]
    let isPlain = !weights.has("blocks.0.attn.q_bias") && !others.contains { weights.hasAny($0) }
    return hasSignature(weights) && isPlain ? 2 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    // Its evaluation keeps 224/256 of the short side (`--eval-crop-ratio` of main.py), timm's 0.9.
    traits.preprocessing = Preprocessing(side: 224)
    return try TransformerAssembly.plan(
      weights.renamed(by: BEiT.rules), weights.applyingSettings(to: traits), options, family: name)
  }
}
