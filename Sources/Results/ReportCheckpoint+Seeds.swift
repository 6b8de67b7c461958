import Support

extension ReportCheckpoint {
  /// The seeds of two checkpoints that were pretrained alike in everything but the seed.
  ///
  /// Where the data lie on disk, the curve and the hash over all of it do not count.
  /// - Returns: this checkpoint's seed and the other's; nil if anything else differs, or nothing.
  package func seeds(asRunsOfOneRecipeWith other: ReportCheckpoint) -> (own: Int, other: Int)? {
    guard let first = pretraining, let second = other.pretraining,
      let own = first["seed"]?.int, let theirs = second["seed"]?.int, own != theirs,
      encoder == other.encoder, Self.recipe(first) == Self.recipe(second)
    else { return nil }
    return (own, theirs)
  }

  /// What was recorded of a pretraining, without what another seed or place changes.
  private static func recipe(_ pretraining: JSON) -> JSON {
    var recipe = pretraining.without(["seed", "curve", "fingerprint"])
    recipe = recipe.changing("configuration") { $0.without(["seed", "data"]) }
    return recipe.changing("data") { $0.without(["specification"]) }
  }
}

extension JSON {
  /// A mapping without some members; anything else as it is.
  fileprivate func without(_ keys: Set<String>) -> JSON {
    object.map { .object($0.filter { !keys.contains($0.key) }) } ?? self
  }

  /// A mapping with one member changed, where it has it.
  fileprivate func changing(_ key: String, _ change: (JSON) -> JSON) -> JSON {
    guard var members = object, let value = members[key] else { return self }
    members[key] = change(value)
    return .object(members)
  }
}
