import Support

/// MAE and SupMAE with their decoder, and MAE's fine-tuned classifiers, as the official code names them.
enum MAE: KeyMap {
  static let name = "mae"
  static let summary = "MAE (pretraining file with decoder, or fine-tuned)"
  static let signature = TimmViT.signature

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights) else { return 0 }
    let isPretraining = weights.has("decoder_pos_embed") && weights.has("decoder_embed.weight")
    let isFineTuned = weights.has("fc_norm.weight") && !weights.has("blocks.0.attn.q_bias")
    return isPretraining || isFineTuned && weights.config["architecture"] == nil ? 3 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.resampling = .plain
    return try TransformerAssembly.plan(
      weights.renamed(by: []), weights.applyingSettings(to: traits), options, family: name)
  }
}
