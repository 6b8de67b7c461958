import Support
import Tensors
import Vision

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
  /// How pictures become the input.
  package var view = ViewOptions()

  /// Leaves everything to the file.
  package init() {}

  /// Reads options and checks their bounds.
  /// - Parameter fields: the mapping below `checkpoint`.
  /// - Throws: `InputError` naming an unknown key or a value out of bounds.
  package init(_ fields: Fields) throws {
    map = try fields.takeOptional("map", as: String.self, "the key map to use")
    branch = try fields.takeOptional("branch", as: String.self, "which network of the file")
    side = try fields.takeOptional("side", in: 1...8192, "side of the input")
    heads = try fields.takeOptional("heads", in: 1...1024, "attention heads")
    let names = Activation.allCases.map { $0.rawValue }
    let name = try fields.takeOptional("activation", as: String.self, "of the MLP")
    if let name {
      activation = Activation(rawValue: name)
      guard activation != nil else {
        throw fields.error(
          at: "activation", "there is no activation '\(name)'", suggestion(for: name, among: names))
      }
    }
    normEpsilon = try fields.takeOptional("norm_epsilon", in: 0...1, "inside the root of norms")
      .map { (epsilon: Double) in Float(epsilon) }
    view = try ViewOptions(fields)
    try fields.finish()
  }

  /// The same without what is said about pictures.
  package var withoutView: CheckpointOptions {
    var options = self
    options.view = ViewOptions()
    return options
  }
}
