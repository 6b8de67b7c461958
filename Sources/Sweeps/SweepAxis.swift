import Support

/// Keys of a recipe and what they are set to, in the order in which they are put in.
typealias SweepSettings = [(key: String, value: FieldValue)]

/// One dimension of a sweep's grid.
struct SweepAxis: Sendable {
  /// How the file calls it: the key that it varies, or a name of its own.
  let name: String
  let values: [SweepValue]

  /// Whether it varies nothing but the seed: its values are repetitions, not settings.
  var isSeed: Bool { values.allSatisfy { $0.settings.map(\.key) == ["seed"] } }

  /// What its values set, each key once.
  var distinctSettings: SweepSettings {
    var keys: Set<String> = []
    return values.flatMap(\.settings).filter { keys.insert($0.key).inserted }
  }

  /// Reads the values of one axis.
  ///
  /// - Parameters:
  ///   - name: its key in the file.
  ///   - value: a list; or one value, which counts as a list.
  /// - Throws: `InputError` with file and line.
  init(_ name: String, _ value: FieldValue) throws {
    let elements = value.elements ?? [value]
    guard !elements.isEmpty else {
      throw value.error("the axis '\(name)' has no values", "give at least one")
    }
    self.name = name
    values = try elements.map { try SweepValue($0, of: name) }
    let labels = values.map(\.label)
    if let twice = labels.indices.first(where: { labels[..<$0].contains(labels[$0]) }) {
      throw elements[twice].error(
        "the axis '\(name)' has two values called '\(labels[twice])'",
        "remove one, or write {label: NAME, set: {KEY: VALUE}}")
    }
  }
}

/// One value of an axis: what it sets, and how it is called.
struct SweepValue: Sendable {
  let label: String
  let settings: SweepSettings

  /// Reads a value: of the key that the axis is named after, or `{label: …, set: {…}}`, a bundle of
  /// several keys.
  init(_ value: FieldValue, of axis: String) throws {
    let members = value.members ?? []
    if members.contains(where: { ["label", "set"].contains($0.key) }) {
      self = try Self.bundle(members, value)
      return
    }
    guard value.elements == nil else {
      throw value.error("a value of the axis '\(axis)' is a list", "write one value a line")
    }
    settings = [(axis, value)]
    label = Self.label(value, of: axis)
  }

  private init(label: String, settings: SweepSettings) {
    self.label = label
    self.settings = settings
  }

  private static func bundle(
    _ bundle: [(key: String, value: FieldValue)], _ value: FieldValue
  ) throws -> SweepValue {
    if let other = bundle.first(where: { !["label", "set"].contains($0.key) }) {
      throw other.value.error(
        "unknown key '\(other.key)' in a bundle",
        suggestion(for: other.key, among: ["label", "set"])
      )
    }
    guard let label = bundle.first(where: { $0.key == "label" })?.value.text, !label.isEmpty else {
      throw value.error("a bundle has no label", "write {label: NAME, set: {KEY: VALUE}}")
    }
    guard let set = bundle.first(where: { $0.key == "set" })?.value.members, !set.isEmpty else {
      throw value.error(
        "the bundle '\(label)' sets nothing", "write {label: NAME, set: {KEY: VALUE}}")
    }
    return SweepValue(label: label, settings: set)
  }

  /// `random 0.75` for a mask, `vit-tiny/4@32` for what names itself, `epochs 20` for a number.
  private static func label(_ value: FieldValue, of axis: String) -> String {
    if let members = value.members {
      return members.map { key, value in
        let text = value.text ?? value.json.text()
        return ["kind", "ratio"].contains(key) ? text : "\(key) \(text)"
      }.joined(separator: " ")
    }
    let text = value.text ?? ""
    return ["recipe", "method", "encoder"].contains(axis) ? text : "\(axis) \(text)"
  }
}
