import Support

/// One family's habit of naming weights; each lives in one file of `KeyMaps`.
package protocol KeyMap: Sendable {
  /// Its name for `--set checkpoint.map=`.
  static var name: String { get }
  /// What it is, in a few words.
  static var summary: String { get }
  /// Tensors that every such network has; the first also shows where in a file networks begin.
  static var signature: [String] { get }

  /// How surely the weights are of this family: 0 not, 1 by the signature, more by what is particular.
  static func score(_ weights: WeightView) -> Int

  /// What encoder the weights make, and how.
  /// - Throws: `InputError` when weights are missing or do not fit each other.
  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan
}

extension KeyMap {
  package static func score(_ weights: WeightView) -> Int { hasSignature(weights) ? 1 : 0 }

  /// Whether every tensor of the signature is there.
  static func hasSignature(_ weights: WeightView) -> Bool {
    signature.allSatisfy { weights.has($0) }
  }
}
