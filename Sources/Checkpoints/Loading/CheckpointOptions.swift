import Support
import Tensors

/// What a user says about a checkpoint with `--set checkpoint.KEY=VALUE`; nil leaves it to the file.
package struct CheckpointOptions: Sendable, Equatable {
  /// The key map, by name.
  package var map: String?
  /// Which of several networks in the file: `teacher`, `student`.
  package var branch: String?
  /// Side of the input; position embeddings are resampled to it.
  package var side: Int?
  /// Attention heads, where the file does not say.
  package var heads: Int?
  /// Activation of the MLP, where the file does not say.
  package var activation: Activation?
  /// Epsilon of the norms, where the file does not say.
  package var normEpsilon: Float?

  /// Leaves everything to the file.
  package init() {}

  /// Reads options and checks their bounds.
  /// - Parameter fields: the mapping below `checkpoint`.
  /// - Throws: `InputError` naming an unknown key or a value out of bounds.
  package init(_ fields: Fields) throws {
    map = try text(fields, "map", "the key map to use")
    branch = try text(fields, "branch", "which network of the file")
    side = try number(fields, "side", 1...8192, "side of the input")
    heads = try number(fields, "heads", 1...1024, "attention heads")
    if fields.has("activation") {
      let name = try fields.takeChoice(
        "activation", of: Activation.allCases.map { $0.rawValue }, default: "gelu", "of the MLP")
      activation = Activation(rawValue: name)
    }
    if fields.has("norm_epsilon") {
      normEpsilon = Float(
        try fields.take("norm_epsilon", default: 1e-6, in: 0...1, "inside the root of norms"))
    }
    try fields.finish()
  }
}

private func text(_ fields: Fields, _ key: String, _ documentation: String) throws -> String? {
  fields.has(key) ? try fields.take(key, default: "", documentation) : nil
}

private func number(
  _ fields: Fields, _ key: String, _ bounds: ClosedRange<Int>, _ documentation: String
) throws -> Int? {
  fields.has(key)
    ? try fields.take(key, default: bounds.lowerBound, in: bounds, documentation) : nil
}
