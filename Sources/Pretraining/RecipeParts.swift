import Encoders
import Support
import Tensors
import Vision

/// The parts of a recipe, made for an encoder: view, mask, teacher and the terms of the loss.
///
/// Parameters are declared, not drawn, so that reading a recipe allocates no network.
struct RecipeParts: Sendable {
  let view: any ViewBuilder
  /// What is hidden; nil for nothing.
  let mask: (any Mask)?
  /// How hidden patches are hidden; nil where none are.
  let hiding: TokenMask.Kind?
  let teacher: (any Teacher)?
  let terms: [LossTerm]
  /// Weights that are trained beside the encoder.
  let store: ParameterStore
  /// The learned vector in the place of hidden patches, where they are replaced.
  let maskToken: Parameter?
  /// The name of the method, for people: `mae`, `simmim`.
  let method: String

  /// Reads the parts that a recipe names.
  ///
  /// - Parameters:
  ///   - fields: the recipe.
  ///   - encoder: whose weights need not be drawn.
  ///   - classes: of the data set's labels; nil where it has none, or is not known.
  /// - Throws: `InputError` when a part is unknown, or one cannot serve another or the encoder.
  init(_ fields: Fields, encoder: any Encoder, classes: Int?) throws {
    let isMAE = !fields.has("losses")
    if isMAE {
      method = try fields.takeChoice(
        "method", of: ["mae"], default: "mae", "a recipe without losses; others name them")
    } else {
      method = try fields.take("method", default: "custom", "what it is called")
    }
    view = try makeView(
      fields.takeFields("view", "how an image becomes a view"), side: encoder.side)
    store = ParameterStore()
    (mask, hiding) = try Self.mask(fields, isMAE: isMAE, encoder)
    maskToken = hiding == .replace ? store.add("encoder_mask_token", [1, 1, encoder.width]) : nil
    if fields.has("teacher") {
      let section = try fields.takeFields("teacher", shorthand: "kind", "what gives targets")
      teacher = try takePart(
        section, of: allTeachers.map { ($0.kind, $0) }, default: MomentumTeacher.kind, "teacher"
      ).init(section)
      try section.finish()
    } else {
      teacher = nil
    }
    let context = { [store, hiding, mask] (prefix: String) in
      PartContext(
        encoder: encoder, store: store, prefix: prefix, hiding: hiding, mask: mask,
        classes: classes)
    }
    if isMAE {
      terms = [try LossTerm(mae: fields, context(""))]
    } else {
      let sections = try fields.takeFieldsList("losses", "terms: {predictor, target, loss, weight}")
      guard !sections.isEmpty else {
        throw fields.error(at: "losses", "the list of losses is empty", "name at least one")
      }
      var terms: [LossTerm] = []
      for (index, section) in sections.enumerated() {
        var context = context(index == 0 ? "" : "losses.\(index).")
        context.earlier = terms.map(\.shape)
        terms.append(try LossTerm(section, context))
      }
      self.terms = terms
      try Self.refuseRepetitions(sections, fields)
    }
    try check(fields, encoder)
  }

  /// The mask and how patches are hidden.
  private static func mask(_ fields: Fields, isMAE: Bool, _ encoder: any Encoder) throws
    -> ((any Mask)?, TokenMask.Kind?)
  {
    guard isMAE || fields.has("mask") else { return (nil, nil) }
    let section = try fields.takeFields("mask", "which patches are hidden")
    section.recordsDefaults = false
    let name = try section.takeChoice(
      "apply", of: TokenMask.Kind.allCases.map(\.rawValue), default: TokenMask.Kind.drop.rawValue,
      "hidden patches are left out, or replaced by a learned vector")
    section.recordsDefaults = true
    let mask = try makeMask(section)
    guard let patches = mask as? any PatchMask else { return (mask, nil) }
    let hiding = TokenMask.Kind(rawValue: name) ?? .drop
    guard encoder.masks.contains(hiding) else {
      let reason =
        encoder.masks.isEmpty
        ? "its convolutions see every pixel" : "it has relative positions"
      throw InputError(
        encoder.name,
        hiding == .drop
          ? "cannot leave out patches, as mask.apply asks: \(reason)"
          : "cannot replace patches by a vector, as mask.apply asks: \(reason)",
        encoder.masks.isEmpty
          ? "use a vision transformer, or a mask of pixels (disc)" : "use an encoder without them")
    }
    let grid = encoder.patchGrid
    let visible = try patches.visibleCounts(rows: grid.rows, columns: grid.columns)
    guard visible.lowerBound < encoder.patchCount else {
      throw fields.error(at: "mask", "nothing is hidden", "raise the mask ratio")
    }
    guard hiding == .replace || visible.lowerBound == visible.upperBound else {
      throw fields.error(
        at: "mask",
        "dropped patches must be equally many in each image, and \(type(of: patches).kind) hides "
          + "a varying number", "use mask: {apply: replace}, or another kind")
    }
    return (mask, hiding)
  }

  /// Two equal terms are one term with twice the weight, or a slip.
  private static func refuseRepetitions(_ sections: [Fields], _ fields: Fields) throws {
    let texts = sections.map { $0.resolved.text(pretty: false) }
    for (index, text) in texts.enumerated() {
      if let first = texts[..<index].firstIndex(of: text) {
        throw fields.error(
          at: "losses", "losses.\(index) repeats losses.\(first)", "remove it, or raise the weight")
      }
    }
  }

  /// Refuses parts that lack each other.
  private func check(_ fields: Fields, _ encoder: any Encoder) throws {
    let readsTeacher = terms.contains { $0.target?.teacherLevels.isEmpty == false }
    let needsScores = (mask as? any PatchMask)?.needsScores == true
    if readsTeacher || needsScores, teacher == nil {
      throw fields.error(
        at: readsTeacher ? "losses" : "mask",
        "\(readsTeacher ? "a target" : "the mask") asks a teacher, and the recipe has none",
        "add teacher: {kind: momentum}")
    }
    if teacher != nil, !readsTeacher, !needsScores {
      throw fields.error(at: "teacher", "nothing asks the teacher", "remove it")
    }
    if needsScores, encoder.classTokens == 0 || encoder.attentionHeads == nil {
      throw InputError(
        encoder.name, "has no class token whose attention could choose the hidden patches",
        "use a vision transformer")
    }
    if needsBatch, view.count != 2 {
      throw fields.error(
        at: "view", "a loss compares two views, and the recipe makes \(view.count)",
        "use view: {kind: pair}")
    }
    if let mask, !terms.contains(where: { $0.target != nil }) {
      throw fields.error(
        at: "mask", "no term of the loss asks what \(type(of: mask).kind) hides", "remove it")
    }
  }

  /// Classes of the labels that a target is made of; nil where none is.
  var classes: Int? {
    for case .classes(let count) in terms.map(\.shape) { return count }
    return nil
  }

  /// Whether a target is made of labels.
  var readsLabels: Bool { terms.contains { $0.target?.readsLabels == true } }

  /// Whether a term compares all views of a batch.
  var needsBatch: Bool { terms.contains { $0.loss is any BatchLoss } }

  /// The levels of the teacher that targets are made of.
  var teacherLevels: [Int] { Set(terms.flatMap { $0.target?.teacherLevels ?? [] }).sorted() }
}
