import Support

/// The tensors of one network inside an archive: those whose names begin with a prefix.
package struct WeightView: Sendable {
  let archive: TensorArchive
  /// What all names begin with: `state_dict.module.`; may be empty.
  let prefix: String
  /// The names without the prefix, in the order of the file.
  let names: [String]
  private let nameSet: Set<String>

  init(_ archive: TensorArchive, prefix: String) {
    self.archive = archive
    self.prefix = prefix
    names = archive.names.compactMap { name in
      name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
    }
    nameSet = Set(names)
  }

  /// Whether there is a tensor of that name.
  func has(_ name: String) -> Bool { nameSet.contains(name) }

  /// Whether some tensor's name begins so.
  func hasAny(_ beginning: String) -> Bool { names.contains { $0.hasPrefix(beginning) } }

  /// Whether some tensor of the whole archive has this part, between dots, in its name.
  func archiveMentions(_ part: String) -> Bool {
    archive.names.contains { ("." + $0).contains("." + part + ".") }
  }

  /// The extents of a tensor.
  func shape(_ name: String) -> [Int]? { archive.entry(prefix + name)?.shape }

  /// The Hugging Face or timm configuration beside the weights.
  var config: JSON { archive.metadata["config"] ?? .object([:]) }

  /// The weights under other names.
  ///
  /// - Parameter rules: the first that fits counts; a name that none fits is left out, or kept
  ///   when `rules` is empty.
  /// - Returns: the weights by timm's names.
  func renamed(by rules: [RenameRule]) -> CanonicalWeights {
    var sources: [String: String] = [:]
    for name in names {
      guard !rules.isEmpty else {
        sources[name] = prefix + name
        continue
      }
      for rule in rules {
        guard let canonical = rule.renamed(name) else { continue }
        sources[canonical] = sources[canonical] ?? prefix + name
        break
      }
    }
    return CanonicalWeights(view: self, sources: sources)
  }
}

/// Weights by timm's names, with the names that they have in the file.
///
/// Separate projections are `blocks.0.attn.q.weight` and so on; a query and value bias without a
/// key's are `attn.q_bias` and `attn.v_bias`; the halves of a gated MLP's first layer are `mlp.fc1/gate` and
/// `mlp.fc1/up`, which no file calls them.
struct CanonicalWeights {
  let view: WeightView
  /// Names in the archive by timm's names.
  fileprivate let sources: [String: String]

  fileprivate init(view: WeightView, sources: [String: String]) {
    self.view = view
    self.sources = sources
  }

  /// The name in the archive of one of our names.
  subscript(name: String) -> String? { sources[name] }

  /// Whether there is such a weight.
  func has(_ name: String) -> Bool { sources[name] != nil }

  /// The extents of a weight.
  func shape(_ name: String) -> [Int]? {
    sources[name].flatMap { view.archive.entry($0)?.shape }
  }
}
