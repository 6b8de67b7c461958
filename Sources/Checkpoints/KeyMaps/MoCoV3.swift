import Support
import Vision

/// MoCo v3: base and momentum encoder; its small model has 12 heads (official code).
enum MoCoV3: KeyMap {
  static let name = "moco-v3"
  static let summary = "MoCo v3"
  static let signature = TimmViT.signature

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights) else { return 0 }
    return weights.prefix.contains("base_encoder.") || weights.prefix.contains("momentum_encoder.")
      ? 4 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.heads = [384: 12]
    traits.preprocessing = Preprocessing(side: 224, interpolation: .bilinear)
    return try TransformerAssembly.plan(weights.renamed(by: []), traits, options, family: name)
  }
}
