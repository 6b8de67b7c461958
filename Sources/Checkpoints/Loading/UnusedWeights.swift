import Encoders
import Support

/// Signs that a network is not the plain one whose names its weights have.
///
/// A network with relative positions, gates or adapters holds all weights of a plain one and a few more; read
/// without them it would give features that nobody trained.
struct UnusedWeights {
  let plan: ModelPlan
  let weights: WeightView
  let family: String

  /// Buffers and tokens that the evaluated network does not use, wherever they stand.
  private static let harmless: Set = [
    "relative_position_index", "num_batches_tracked", "position_ids", "mask_token", "masked_bias",
  ]

  /// Modules beside the blocks that change what the blocks compute.
  private static let decisive = ["rope", "rel_pos", "shared_rel_pos", "pos_embed", "reg_token"]

  /// What timm's names say of networks whose weights look like those of plain ones.
  private static let hidden = [
    ("rope", "rotary positions"), ("lingbot", "rotary positions"), ("vit_pe_", "rotary positions"),
    ("eva02", "rotary positions"),
    ("_rpn", "norms after its branches"),
    ("resnetaa", "pooling before its strides"), ("resnetblur", "blurring before its strides"),
  ]

  /// Checks timm's name of the network, where a configuration beside the weights states one.
  /// - Throws: `InputError` when the network computes something that ours does not.
  static func checkName(_ weights: WeightView) throws {
    guard !UnreadFamilies.isHiera(weights.archive) else {
      throw InputError(weights.archive.source, "is a Hiera, which is not read yet", advice)
    }
    guard !UnreadFamilies.isSegmentAnything(weights.archive) else {
      throw InputError(
        weights.archive.source,
        "is a SAM or ViTDet, whose windows and relative positions are not read yet", advice)
    }
    let architecture = weights.config["architecture"]?.string ?? ""
    guard let trait = hidden.first(where: { architecture.contains($0.0) }) else { return }
    throw InputError(
      weights.archive.source, "is the timm model '\(architecture)', which has \(trait.1)", advice)
  }

  /// What is said of a file without a network that is known, where its names or settings tell what it is.
  ///
  /// - Parameters:
  ///   - archive: the tensors.
  ///   - endings: their names, and what follows each dot of them.
  /// - Returns: the line; nil where nothing is known.
  static func refusal(of archive: TensorArchive, _ endings: Set<String>) -> InputError? {
    if let (name, what) = Adapters.first(among: archive.names) {
      return InputError(
        archive.source, "holds \(what) ('\(name.prefix(200))') in place of a plain network",
        Adapters.remedy)
    }
    let family = UnreadFamilies.name(of: archive, endings)
    let stated = UnreadFamilies.statedName(of: archive)
    guard family != nil || stated != nil else { return nil }
    let name = [family, stated.map { "'\($0.prefix(100))'" }].compactMap { $0 }
    return InputError(
      archive.source,
      "holds no known encoder: it is \(name.joined(separator: ", ")), which is not read", advice)
  }

  /// Checks that nothing beside the network changes what it computes.
  /// - Throws: `InputError` naming the first weight of such a kind.
  static func checkAdapters(_ weights: WeightView, others: [String]) throws {
    guard let (name, what) = Adapters.first(among: weights.archive.names, outside: others) else {
      return
    }
    throw InputError(
      weights.archive.source,
      "holds \(what) ('\(name.prefix(200))') that change what its network computes", Adapters.remedy
    )
  }

  /// Tokens at the side of the class token of which nothing is known: they would be attended to.
  private var unknownTokens: [String] {
    guard plan.architecture.hasTokens else { return [] }
    return weights.names.filter { name in
      guard !name.contains("."), name.hasSuffix("token") || name.hasSuffix("tokens"),
        !["mask", "decoder", "predictor"].contains(where: { name.hasPrefix($0) }),
        Adapters.first(among: [name]) == nil, let shape = weights.shape(name),
        shape.last == plan.architecture.width, !shape.contains(0)
      else { return false }
      return !plan.usedNames.contains(weights.prefix + name)
    }
  }

  /// Checks what the names of the tensors say.
  /// - Throws: `InputError` when the network computes something that ours does not.
  func check() throws {
    let found = unexplained + unknownTokens
    guard let first = found.first else { return }
    let rest = found.count > 1 ? " and \(found.count - 1) more of its weights have" : " has"
    throw InputError(
      weights.archive.source,
      "'\(first.prefix(200))'\(rest) no place in a network of family '\(family)': it is another architecture",
      Self.advice)
  }

  /// What to do about a network that is none of ours.
  static let advice =
    "its features cannot be computed; docs/checkpoints.md names what can be read"

  /// Weights that are not read although they stand in modules that are.
  private var unexplained: [String] {
    let used = Set(plan.weights.flatMap { $0.source.names })
    let settled = plan.usedNames
    var modules: Set<Substring> = []
    for name in used where name.hasPrefix(weights.prefix) {
      modules.formUnion(Self.modules(of: name.dropFirst(weights.prefix.count)))
    }
    return weights.names.filter { name in
      guard !settled.contains(weights.prefix + name) else { return false }
      let last = name.split(separator: ".").last.map(String.init) ?? name
      guard !Self.harmless.contains(last) else { return false }
      return Self.decisive.contains { name.hasPrefix($0) }
        || Self.modules(of: Substring(name)).contains { modules.contains($0) }
    }
  }

  /// `blocks`, `blocks.0`, `blocks.0.attn` of `blocks.0.attn.qkv.weight`.
  private static func modules(of name: Substring) -> [Substring] {
    name.indices.filter { name[$0] == "." }.map { name[..<$0] }
  }
}
