import Support

/// data2vec for images (official code): BEiT's names, a square prediction head.
enum Data2Vec: KeyMap {
  static let name = "data2vec"
  static let summary = "data2vec (images)"
  static let signature = BEiT.signature

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights), let head = weights.shape("lm_head.weight") else { return 0 }
    return head.count == 2 && head[0] == head[1] ? 4 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.headPooling = .mean
    return try TransformerAssembly.plan(
      weights.renamed(by: BEiT.rules), traits, options, family: name)
  }
}
