import Support

/// DINO, iBOT and AttMask: student and teacher with projection heads (official code).
enum DINO: KeyMap {
  static let name = "dino"
  static let summary = "DINO, iBOT, AttMask"
  static let signature = TimmViT.signature

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights), !weights.has("blocks.0.ls1.gamma") else { return 0 }
    let hasTwo = weights.archiveMentions("teacher") && weights.archiveMentions("student")
    return hasTwo || weights.has("masked_embed") ? 3 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.resampling = .offset
    return try TransformerAssembly.plan(
      weights.renamed(by: []), weights.applyingSettings(to: traits), options, family: name)
  }
}
