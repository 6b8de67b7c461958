/// A value of any form in a configuration, with the line it came from: for keys whose meaning
/// another reader knows.
package struct FieldValue: Sendable {
  let node: FieldNode
  private let file: String
  /// Where it stands, keys joined by dots.
  package let path: String

  init(_ node: FieldNode, file: String, path: String) {
    (self.node, self.file, self.path) = (node, file, path)
  }

  /// A value that no file holds, for example one from the command line.
  package init(_ json: JSON, path: String) {
    self.init(FieldNode(json), file: path, path: path)
  }

  /// The members of a mapping, in the order of the file; nil if this is none.
  package var members: [(key: String, value: FieldValue)]? {
    guard case .mapping(let members) = node.content else { return nil }
    return members.map { ($0.key, child($0.value, $0.key)) }
  }

  /// The elements of a list; nil if this is none.
  package var elements: [FieldValue]? {
    guard case .sequence(let elements) = node.content else { return nil }
    return elements.enumerated().map { child($1, "\($0)") }
  }

  /// The text of a single value as it is written; nil of a mapping or list.
  package var text: String? {
    guard case .scalar(let text, _) = node.content else { return nil }
    return text
  }

  /// The value with the types that its text has: `1` is an integer, `'1'` a string.
  package var json: JSON {
    switch node.content {
    case .mapping(let members):
      .object(
        Dictionary(members.map { ($0.key, child($0.value, $0.key).json) }) { _, last in last })
    case .sequence: .array((elements ?? []).map(\.json))
    case .scalar where node.isNull: .null
    case .scalar(let text, let isQuoted):
      Int(fieldText: text, isQuoted: isQuoted)?.fieldJSON
        ?? Double(fieldText: text, isQuoted: isQuoted)?.fieldJSON
        ?? Bool(fieldText: text, isQuoted: isQuoted)?.fieldJSON ?? .string(text)
    }
  }

  /// An error about this value, with file and line.
  package func error(_ problem: String, _ remedy: String = "") -> InputError {
    InputError(node.line.map { "\(file):\($0)" } ?? file, problem, remedy)
  }

  private func child(_ node: FieldNode, _ key: String) -> FieldValue {
    FieldValue(node, file: file, path: path.isEmpty ? key : "\(path).\(key)")
  }
}

extension Fields {
  /// The value of `key` in whatever form it has; nil if it is absent or null.
  ///
  /// What it holds is not checked here: that is its reader's task.
  package func takeValue(_ key: String, _ documentation: String) -> FieldValue? {
    describe(key, "any value", .null, documentation: documentation)
    guard let node = member(key), !node.isNull else {
      taken[key] = .null
      return nil
    }
    let value = FieldValue(node, file: file, path: fullPath(key))
    taken[key] = value.json
    return value
  }

  /// Sets the value at `path` to one from another file; messages name `subject`.
  /// - Parameters:
  ///   - path: Keys from here, joined by dots.
  ///   - value: The value.
  ///   - subject: What the user wrote it under, for messages.
  /// - Throws: `InputError` if the path leads through a single value.
  package func override(path: String, value: FieldValue, subject: String) throws {
    try override(path: path, node: value.node, subject: subject)
  }
}
