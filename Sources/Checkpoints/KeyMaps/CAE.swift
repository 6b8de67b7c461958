import Support

/// CAE (official code): the encoder beside its alignment copy, regressor and decoder.
enum CAE: KeyMap {
  static let name = "cae"
  static let summary = "CAE"
  static let signature = BEiT.signature

  static func score(_ weights: WeightView) -> Int {
    hasSignature(weights)
      && (weights.archiveMentions("alignment_encoder") || weights.archiveMentions("regresser"))
      ? 4 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.resampling = .plain
    return try TransformerAssembly.plan(
      weights.renamed(by: BEiT.rules), weights.applyingSettings(to: traits), options, family: name)
  }
}
