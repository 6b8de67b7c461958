import Support
import Vision

/// timm's DINOv3, built as its class `Eva`: with or without biases of queries and values.
///
/// Nothing in the weights tells of rotary positions: a network with these names and no table of positions is taken for
/// one of DINOv3, unless its configuration says otherwise.
enum TimmDINOv3: KeyMap {
  static let name = "timm-dinov3"
  static let summary = "timm's DINOv3"
  static let signature = [
    "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight",
    "blocks.0.gamma_1", "reg_token", "cls_token", "norm.weight",
  ]

  private static let rules =
    RenameRule.list([
      ("blocks.#.mlp.fc1_g.", "blocks.#.mlp.fc1/gate."),
      ("blocks.#.mlp.fc1_x.", "blocks.#.mlp.fc1/up."),
      ("reg_token", "reg_token"),
    ]) + BEiT.rules

  /// Settings of timm's `Eva` that change its rotations, and what they are in DINOv3.
  private static let fixed: [(key: String, value: JSON)] = [
    ("rope_type", "dinov3"), ("rope_rotate_half", true), ("rope_grid_offset", 0),
    ("rope_grid_indexing", "ij"), ("use_rot_pos_emb", true),
  ]

  /// A stated architecture counts: LingBot and others have the same names.
  static func score(_ weights: WeightView) -> Int {
    let architecture = weights.config["architecture"]?.string
    guard hasSignature(weights), !weights.has("pos_embed"), !weights.hasAny("rope."),
      architecture?.contains("dinov3") ?? true
    else { return 0 }
    return 3
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = DINOv3.traits
    traits.heads = [1280: 20, 4096: 32]
    traits.headPooling = weights.config["global_pool"]?.string == "token" ? .classToken : .mean
    traits.statedSide = weights.config["pretrained_cfg"]?["input_size"]?[2]?.int ?? 224
    traits = try weights.applyingSettings(to: traits)
    let arguments = weights.config["model_args"]
    for (key, value) in fixed {
      guard let stated = arguments?[key], stated != value else { continue }
      throw InputError(
        weights.archive.source, "its config.json asks for another '\(key)' than DINOv3's",
        UnusedWeights.advice)
    }
    if let base = try weights.number(arguments?["rope_temperature"], "rope_temperature") {
      traits.rotary = .base(base)
    }
    if weights.config["architecture"] == nil {
      traits.notes.append("positions taken as DINOv3's rotary ones, which weights do not show")
    }
    return try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
  }
}
