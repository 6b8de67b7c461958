/// A value of a configuration as it was read, with the line it came from.
struct FieldNode: Sendable {
  /// What the value is.
  indirect enum Content: Sendable {
    /// Text; quoted text is always a string.
    case scalar(String, isQuoted: Bool)
    case sequence([FieldNode])
    /// Keys in the order of the file.
    case mapping([Member])
  }

  /// A key and its value.
  struct Member: Sendable {
    let key: String
    var value: FieldNode
  }

  var content: Content
  /// Line in the file, from 1; nil if the format has none.
  var line: Int?

  /// What the value is, in words for messages.
  var kind: String {
    switch content {
    case .scalar(let text, false) where text.isEmpty || text == "null" || text == "~": "nothing"
    case .scalar(let text, _): "'\(text.prefix(60))'"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Whether the value is absent: `null`, `~` or nothing.
  var isNull: Bool {
    guard case .scalar(let text, false) = content else { return false }
    return text.isEmpty || ["null", "Null", "NULL", "~"].contains(text)
  }

  /// The node of a JSON value; `null` members stay null.
  init(_ json: JSON) {
    line = nil
    switch json {
    case .null: content = .scalar("null", isQuoted: false)
    case .bool(let value): content = .scalar(String(value), isQuoted: false)
    case .integer(let value): content = .scalar(String(value), isQuoted: false)
    case .number(let value): content = .scalar(String(value), isQuoted: false)
    case .string(let value): content = .scalar(value, isQuoted: true)
    case .array(let elements): content = .sequence(elements.map { FieldNode($0) })
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
      content = .mapping(sorted.map { Member(key: $0.key, value: FieldNode($0.value)) })
    }
  }

  init(_ content: Content, line: Int?) {
    self.content = content
    self.line = line
  }
}
