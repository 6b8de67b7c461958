import Support
import Tensors
import Vision

/// DINOv3's vision transformers (official code): rotary positions, registers, SwiGLU in the larger.
///
/// Siméoni et al. 2025. The files hold the periods of the rotations; those for satellites want other pixel statistics.
enum DINOv3: KeyMap {
  static let name = "dinov3"
  static let summary = "DINOv3's vision transformers"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight", periods,
  ]

  /// The buffer of the official module, `[headWidth / 4]`.
  private static let periods = "rope_embed.periods"

  private static let rules =
    RenameRule.list([
      ("storage_tokens", "reg_token"), ("blocks.#.mlp.w1.", "blocks.#.mlp.fc1/gate."),
      ("blocks.#.mlp.w2.", "blocks.#.mlp.fc1/up."), ("blocks.#.mlp.w3.", "blocks.#.mlp.fc2."),
    ]) + ["cls_token", "patch_embed.", "blocks.", "norm."].map { RenameRule($0, $0) }

  /// What all forms of DINOv3 share.
  static var traits: TransformerTraits {
    var traits = TransformerTraits()
    traits.normEpsilon = 1e-5
    traits.rotary = .base(100)
    traits.statedSide = 224
    return traits
  }

  static func score(_ weights: WeightView) -> Int { hasSignature(weights) ? 6 : 0 }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    guard !weights.hasAny("cls_norm.") else {
      throw InputError(
        weights.archive.source, "normalises its class token apart from its patches",
        UnusedWeights.advice)
    }
    var traits = try weights.applyingSettings(to: Self.traits)
    let periods = try readPeriods(weights)
    traits.rotary = .periods(periods)
    if let width = weights.shape("patch_embed.proj.weight")?.first {
      traits.statedHeads = width / (4 * periods.count)
    }
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
    plan.settled.insert(weights.prefix + Self.periods)
    return plan
  }

  /// The periods in the file: rounded to bfloat16 in the published ones, which timm's and Hugging Face's are not.
  private static func readPeriods(_ weights: WeightView) throws -> [Float] {
    let shape = weights.shape(periods) ?? []
    guard shape.count == 1, 1...1024 ~= shape[0] else {
      throw InputError(
        weights.archive.source, "its '\(periods)' is \(shape), not [head width / 4]")
    }
    return try weights.archive.floats(weights.prefix + periods).array
  }
}
