import Support

/// SimMIM's ViT (official code): BEiT's names below `encoder.`, a convolution as decoder.
enum SimMIM: KeyMap {
  static let name = "simmim"
  static let summary = "SimMIM (ViT)"
  static let signature = BEiT.signature

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights), weights.prefix.hasSuffix("encoder.") else { return 0 }
    let root = String(weights.prefix.dropLast("encoder.".count))
    return weights.archive.entry(root + "decoder.0.weight")?.shape.count == 4 ? 4 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.headPooling = .mean
    return try TransformerAssembly.plan(
      weights.renamed(by: BEiT.rules), traits, options, family: name)
  }
}
