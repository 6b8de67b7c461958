import Encoders
import Support
import Tensors
import Vision

/// Finds out which vision transformer a set of weights makes, and where each of its weights comes from.
struct TransformerAssembly {
  private let weights: CanonicalWeights
  private var traits: TransformerTraits
  private let options: CheckpointOptions
  private let family: String
  private var plan: [(name: String, source: WeightSource)] = []
  private var missing: [String] = []
  private var settled: Set<String> = []

  /// The plan for weights by timm's names.
  ///
  /// - Parameters:
  ///   - weights: the weights.
  ///   - traits: what the family fixes.
  ///   - options: what the user says.
  ///   - family: the key map, for messages.
  /// - Returns: the plan.
  /// - Throws: `InputError` when weights are missing, do not fit, or the file leaves heads open.
  static func plan(
    _ weights: CanonicalWeights, _ traits: TransformerTraits, _ options: CheckpointOptions,
    family: String
  ) throws -> ModelPlan {
    var assembly = TransformerAssembly(
      weights: weights, traits: traits, options: options, family: family)
    return try assembly.assemble()
  }

  private init(
    weights: CanonicalWeights, traits: TransformerTraits, options: CheckpointOptions,
    family: String
  ) {
    self.weights = weights
    self.traits = traits
    self.options = options
    self.family = family
  }

  private var subject: String { weights.view.archive.source }

  private mutating func assemble() throws -> ModelPlan {
    let stated = try weights.view.statedPreprocessing(
      options, usual: traits.preprocessing.side, family: family)
    if let stated, stated.choosesSide || traits.rotary != nil || traits.customarySide != nil {
      traits.customarySide = stated.preprocessing.side
    }
    traits.statedSide = try weights.view.statedSide() ?? traits.statedSide
    var configuration = try architecture()
    let positions = try PositionPlan(
      weights, configuration, traits: traits, options: options, subject: subject)
    configuration.side = positions.side
    configuration.positions = positions.source == nil ? .none : .learned
    configuration.positionsCoverPrefix = positions.coversClassToken
    try configuration.validate(as: subject)
    guard !isEVA02(configuration) else {
      throw InputError(
        subject, "looks like an EVA-02, which has rotary positions", UnusedWeights.advice)
    }
    addTokens(configuration, positions)
    addWhole("patch_embed.proj.weight")
    if configuration.hasPatchBias { addWhole("patch_embed.proj.bias") }
    if configuration.hasPreNorm { addNorm("norm_pre") }
    for block in 0..<configuration.depth { addBlock("blocks.\(block)", configuration) }
    if configuration.relativePositions == .shared { addRelative("rel_pos_bias", configuration) }
    if configuration.hasFinalNorm { addNorm("norm") }
    try checkNothingMissing()
    try stated?.check(side: configuration.side, patch: configuration.patch, options)
    let name = encoderName(configuration)
    var result = ModelPlan(
      architecture: configuration, encoderName: name, weights: plan,
      head: head(configuration),
      preprocessing: try options.preprocessing(
        stated, usual: usualPreprocessing(side: configuration.side), side: configuration.side
      ).with(channels: configuration.channels))
    result.notes = traits.notes + positions.notes + [stated?.note].compactMap { $0 }
    if configuration.channels == 1 {
      result.notes.append(Channels.note(result.preprocessing.statistics))
    }
    result.settled = settled
    return result
  }

  /// Whether BEiT's biases stand beside gated MLPs and one table of positions: no other network has these together.
  private func isEVA02(_ c: VisionTransformerConfiguration) -> Bool {
    c.mlp == .swiGLU && c.relativePositions == .none && c.positions != .none
      && weights.view.has("blocks.0.attn.q_bias")
  }

  private func usualPreprocessing(side: Int) -> Preprocessing {
    guard side >= 384, let large = traits.largePreprocessing else { return traits.preprocessing }
    return large
  }

  // MARK: Architecture

  private func architecture() throws -> VisionTransformerConfiguration {
    guard let patch = weights.shape("patch_embed.proj.weight"), patch.count == 4,
      patch[2] == patch[3], patch[0] > 0, patch[2] > 0
    else {
      let shape = weights.shape("patch_embed.proj.weight").map { "\($0)" } ?? "absent"
      throw InputError(
        subject, "its patch embedding is \(shape), not [width, channels, patch, patch]",
        "only two-dimensional square patches can be read")
    }
    try Channels.check(patch[1], subject)
    let width = patch[0]
    var depth = 0
    while weights.has("blocks.\(depth).norm1.weight") { depth += 1 }
    let gate = weights.shape("blocks.0.mlp.fc1/gate.weight")
    guard depth > 0, let first = gate ?? weights.shape("blocks.0.mlp.fc1.weight"), first.count == 2,
      let second = weights.shape("blocks.0.mlp.fc2.weight"), second.count == 2
    else { throw InputError(subject, "has no complete first block", "give the whole checkpoint") }
    var configuration = VisionTransformerConfiguration(
      width: width, depth: depth, heads: try heads(width: width), patch: patch[2], side: patch[2])
    configuration.channels = patch[1]
    configuration.mlpWidth = second[1]
    configuration.mlp = gate != nil || first[0] == 2 * second[1] ? .swiGLU : .plain
    configuration.rotary = traits.rotary?.positions(headWidth: width / configuration.heads)
    configuration.activation = options.activation ?? traits.activation
    configuration.normEpsilon = options.normEpsilon ?? traits.normEpsilon
    configuration.hasClassToken = weights.has("cls_token")
    configuration.registerTokens = extraTokens
    configuration.hasPatchBias = weights.has("patch_embed.proj.bias")
    configuration.hasPreNorm = weights.has("norm_pre.weight")
    configuration.hasFinalNorm = weights.has("norm.weight")
    configuration.hasLayerScale = weights.has("blocks.0.ls1.gamma")
    configuration.hasQKVBias =
      ["qkv.bias", "q.bias", "q_bias"].contains { weights.has("blocks.0.attn.\($0)") }
    if weights.has("rel_pos_bias.relative_position_bias_table") {
      configuration.relativePositions = .shared
    } else if weights.has("blocks.0.attn.relative_position_bias_table") {
      configuration.relativePositions = .perBlock
    }
    return configuration
  }

  /// Register tokens, and a distillation token, which acts as one.
  private var extraTokens: Int {
    (weights.has("dist_token") ? 1 : 0) + (weights.shape("reg_token")?.dropLast().last ?? 0)
  }

  private func heads(width: Int) throws -> Int {
    let tables = [
      "rel_pos_bias.relative_position_bias_table", "blocks.0.attn.relative_position_bias_table",
    ]
    let fromTable = tables.compactMap { weights.shape($0)?.last }.first
    let known =
      options.heads ?? fromTable ?? traits.statedHeads ?? traits.heads[width]
      ?? TransformerTraits.standardHeads[width]
    guard let known else {
      throw InputError(
        subject, "the number of attention heads cannot be seen in the weights of width \(width)",
        "say it: --set checkpoint.heads=N")
    }
    guard known > 0, width % known == 0 else {
      throw InputError(subject, "\(known) heads do not divide width \(width)")
    }
    return known
  }

  // MARK: Weights

  private mutating func addTokens(
    _ configuration: VisionTransformerConfiguration, _ positions: PositionPlan
  ) {
    let width = configuration.width
    if let name = weights["cls_token"] {
      let shape = weights.shape("cls_token") ?? []
      let fits = shape.reduce(1, *) == width
      plan.append(("cls_token", positions.classToken(name, shape: fits ? [1, 1, width] : shape)))
    }
    if weights.shape("reg_token")?.contains(0) == true, let empty = weights["reg_token"] {
      settled.insert(empty)
    }
    if configuration.registerTokens > 0 {
      let names = ["dist_token", "reg_token"].filter { weights.has($0) }
      let count = names.reduce(0) { $0 + (weights.shape($1) ?? []).reduce(1, *) }
      let shape = [1, configuration.registerTokens, width]
      let fits = count == configuration.registerTokens * width
      let source = positions.registers(
        made: names.compactMap { weights[$0] }, shape: fits ? shape : [count])
      plan.append(("reg_token", source))
    }
    if let source = positions.source { plan.append(("pos_embed", source)) }
  }

  private mutating func addBlock(_ block: String, _ configuration: VisionTransformerConfiguration) {
    addNorm("\(block).norm1")
    addProjections("\(block).attn", configuration)
    let isSplit = weights.has("blocks.0.mlp.fc1/gate.weight")
    for layer in ["attn.proj"] + (isSplit ? [] : ["mlp.fc1"]) + ["mlp.fc2"] {
      addWhole("\(block).\(layer).weight")
      addWhole("\(block).\(layer).bias")
    }
    if isSplit { addGates("\(block).mlp", configuration) }
    if configuration.hasLayerScale {
      add("\(block).ls1.gamma", [configuration.width])
      add("\(block).ls2.gamma", [configuration.width])
    }
    if configuration.relativePositions == .perBlock { addRelative("\(block).attn", configuration) }
    addNorm("\(block).norm2")
  }

  /// The joint projection to queries, keys and values, also from three.
  private mutating func addProjections(
    _ attention: String, _ configuration: VisionTransformerConfiguration
  ) {
    let width = configuration.width
    if weights.has("\(attention).qkv.weight") {
      addWhole("\(attention).qkv.weight")
    } else {
      let parts = ["q", "k", "v"].map { "\(attention).\($0).weight" }
      addStacked("\(attention).qkv.weight", parts, count: width * width, [3 * width, width])
    }
    guard configuration.hasQKVBias else { return }
    let joint = "\(attention).qkv.bias"
    if let bias = weights[joint], let mask = weights["\(joint)_mask"] {
      plan.append((joint, .product(bias, mask, shape: [3 * width])))
    } else if weights.has(joint) {
      addWhole(joint)
    } else if weights.has("\(attention).q_bias") {
      noteMissing(["q_bias", "v_bias"].map { "\(attention).\($0)" })
      let parts = [weights["\(attention).q_bias"], nil, weights["\(attention).v_bias"]]
      plan.append(
        (
          joint,
          .stacked(parts.map { ($0, width) }, shape: [3 * width])
        ))
    } else {
      let key = weights.has("\(attention).k.bias")
      noteMissing(["q", "v"].map { "\(attention).\($0).bias" })
      let parts = ["q", "k", "v"].map { part in
        part == "k" && !key ? nil : weights["\(attention).\(part).bias"]
      }
      plan.append(
        (joint, .stacked(parts.map { ($0, width) }, shape: [3 * width])))
    }
  }

  /// The first layer of a gated MLP, whose halves are apart in the file.
  private mutating func addGates(_ mlp: String, _ configuration: VisionTransformerConfiguration) {
    let (width, hidden) = (configuration.width, configuration.mlpWidth)
    for (kind, count, shape) in [
      ("weight", hidden * width, [2 * hidden, width]), ("bias", hidden, [2 * hidden]),
    ] {
      let halves = ["gate", "up"].map { "\(mlp).fc1/\($0).\(kind)" }
      addStacked("\(mlp).fc1.\(kind)", halves, count: count, shape)
    }
  }

  private mutating func addStacked(
    _ name: String, _ parts: [String], count: Int, _ shape: [Int]
  ) {
    noteMissing(parts)
    plan.append((name, .stacked(parts.map { (weights[$0], count) }, shape: shape)))
  }

  private mutating func addRelative(
    _ owner: String, _ configuration: VisionTransformerConfiguration
  ) {
    let name = "\(owner).relative_position_bias_table"
    let shape = [configuration.relativeRows, configuration.heads]
    let stored = weights.shape(name)?.first ?? 0
    let side = Int(Double(max(stored - 3, 0)).squareRoot().rounded())
    if stored != shape[0], side * side + 3 == stored, side % 2 == 1, let source = weights[name] {
      plan.append(
        (
          name,
          .relativePositions(source, from: side, shape: shape, by: traits.relativeResampling)
        ))
    } else {
      add(name, shape)
    }
    if let index = weights["\(owner).relative_position_index"] { settled.insert(index) }
  }

  private mutating func addNorm(_ name: String) {
    addWhole("\(name).weight")
    addWhole("\(name).bias")
  }

  /// Adds a weight with the extents that it has in the file.
  private mutating func addWhole(_ name: String) {
    guard let source = weights[name], let shape = weights.shape(name) else {
      missing.append(name)
      return
    }
    plan.append((name, .tensor(source, shape: shape)))
  }

  /// Adds a weight that has the right number of elements, but perhaps other extents.
  private mutating func add(_ name: String, _ shape: [Int]) {
    guard let source = weights[name], let stored = weights.shape(name) else {
      missing.append(name)
      return
    }
    let isSame = stored.reduce(1, *) == shape.reduce(1, *)
    plan.append((name, .tensor(source, shape: isSame ? shape : stored)))
  }

  private mutating func noteMissing(_ names: [String]) {
    missing += names.filter { !weights.has($0) }
  }

  private func checkNothingMissing() throws {
    guard !missing.isEmpty else { return }
    let first = missing.prefix(3).joined(separator: ", ")
    throw InputError(
      subject,
      "lacks \(missing.count) of the weights that a network of family '\(family)' has: \(first)"
        + (missing.count > 3 ? ", …" : "") + weights.view.archive.oddTensorsText,
      "give the whole checkpoint, or name another family: --set checkpoint.map=NAME")
  }

  // MARK: Head and name

  private func head(_ configuration: VisionTransformerConfiguration) -> HeadPlan? {
    guard let weight = weights["head.weight"], let shape = weights.shape("head.weight"),
      shape.count == 2, shape[0] > 0
    else { return nil }
    let source = WeightSource.tensor(weight, shape: shape)
    let bias = weights["head.bias"].map { WeightSource.tensor($0, shape: [shape[0]]) }
    var head = HeadPlan(pooling: traits.headPooling, weight: source, bias: bias)
    if let gain = weights["fc_norm.weight"], let shift = weights["fc_norm.bias"] {
      let extent = [configuration.width]
      head.norm = (
        .tensor(gain, shape: extent), .tensor(shift, shape: extent), configuration.normEpsilon
      )
      head.pooling = .mean
    }
    if shape[1] == 2 * configuration.width { head.pooling = .classAndMean }
    guard shape[1] == configuration.width || head.pooling == .classAndMean else { return nil }
    if let second = weights["head_dist.weight"] {
      guard weights.has("dist_token"), weights.shape("head_dist.weight") == shape else {
        return nil
      }
      head = .distilled(
        weights: [weight, second],
        biases: ["head.bias", "head_dist.bias"].compactMap { weights[$0] },
        shape: shape)
    }
    return head
  }

  private func encoderName(_ c: VisionTransformerConfiguration) -> String {
    let sizes = [
      ("vit-tiny", 192, 12), ("vit-small", 384, 12), ("vit-base", 768, 12),
      ("vit-large", 1024, 24), ("vit-huge", 1280, 32), ("vit-giant", 1536, 40),
    ]
    let size = sizes.first { $0.1 == c.width && $0.2 == c.depth }?.0
    return "\(size ?? "vit-\(c.width)x\(c.depth)")/\(c.patch)@\(c.side)"
  }
}
