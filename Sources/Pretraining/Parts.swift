import Encoders
import Support
import Tensors

/// What a recipe's predictors and targets are made for.
package struct PartContext {
  /// Whose output is read; its weights need not be drawn.
  let encoder: any Encoder
  /// Receives the parameters of predictors.
  let store: ParameterStore
  /// What their names begin with: empty for the first term of the loss.
  let prefix: String
  /// How hidden patches are hidden; nil where none are.
  let hiding: TokenMask.Kind?
  /// The mask; nil where nothing is hidden.
  let mask: (any Mask)?
  /// Classes of the data set's labels; nil where it has none, or is not known.
  let classes: Int?
  /// What the terms before this one predict.
  var earlier: [PredictionShape] = []

  /// Refuses what needs hidden patches where there are none.
  /// - Throws: `InputError` naming the key.
  func checkHidesPatches(_ part: String, _ fields: Fields) throws {
    guard hiding == nil else { return }
    throw fields.error(
      at: "kind", "\(part) is about hidden patches, and the mask hides none",
      "use a mask of patches, for example mask: {kind: random}")
  }
}

/// What a prediction is about, which its target and loss must agree with.
package enum PredictionShape: Equatable {
  /// A row of so many values for each hidden patch: `[hidden patches, width]`.
  case hiddenPatches(width: Int)
  /// Every pixel: `[images, channels, rows, columns]`.
  case image
  /// A row for each view: `[views, width]`.
  case views
  /// A score for each class, a row a view: `[views, classes]`.
  case classes(Int)

  var words: String {
    switch self {
    case .hiddenPatches: "hidden patches"
    case .image: "whole images"
    case .views: "views"
    case .classes: "classes"
    }
  }
}

/// The entry of a registry that `kind:` names.
///
/// - Parameters:
///   - fields: a section of a recipe.
///   - entries: the registry.
///   - defaultKind: the kind when none is given; required when nil.
///   - part: what the registry holds, in a word.
/// - Returns: the entry.
/// - Throws: `InputError` naming the nearest kind.
func takePart<Part>(
  _ fields: Fields, of entries: [(kind: String, type: Part)], default defaultKind: String? = nil,
  _ part: String
) throws -> Part {
  let kind = try fields.takeChoice(
    "kind", of: entries.map(\.kind), default: defaultKind, "the kind of \(part)")
  guard let entry = entries.first(where: { $0.kind == kind }) else {
    throw fields.error(at: "kind", "there is no \(part) '\(kind)'")
  }
  return entry.type
}
