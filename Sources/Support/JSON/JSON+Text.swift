import Foundation

extension JSON {
  /// The document as text: keys sorted by their UTF-8, numbers as the shortest text that reads back equal.
  ///
  /// The same document gives the same bytes on every machine and in every locale.
  /// - Parameter pretty: One member or element a line, indented by two spaces; no newline at the end.
  /// - Returns: The text.
  /// - Precondition: No number is NaN or infinite.
  package func text(pretty: Bool = false) -> String {
    var text = ""
    write(to: &text, indentation: pretty ? 0 : nil)
    return text
  }

  /// The UTF-8 of `text(pretty:)`.
  package func data(pretty: Bool = false) -> Data { Data(text(pretty: pretty).utf8) }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value):
      precondition(value.isFinite, "JSON has no \(value)")
      text += value.description
    case .string(let value): Self.quote(value, to: &text)
    case .array(let elements):
      Self.enclose(elements, in: ("[", "]"), to: &text, indentation) { element, text, inner in
        element.write(to: &text, indentation: inner)
      }
    case .object(let members):
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      Self.enclose(sorted, in: ("{", "}"), to: &text, indentation) { member, text, inner in
        Self.quote(member.key, to: &text)
        text += indentation == nil ? ":" : ": "
        member.value.write(to: &text, indentation: inner)
      }
    }
  }

  /// Writes a container: its marks, commas, and, unless `indentation` is nil, line breaks.
  private static func enclose<Item>(
    _ items: [Item], in marks: (open: String, close: String), to text: inout String,
    _ indentation: Int?, item: (Item, inout String, Int?) -> Void
  ) {
    text += marks.open
    let inner = indentation.map { $0 + 2 }
    for (index, value) in items.enumerated() {
      if index > 0 { text += "," }
      if let inner { text += "\n" + String(repeating: " ", count: inner) }
      item(value, &text, inner)
    }
    if let indentation, !items.isEmpty {
      text += "\n" + String(repeating: " ", count: indentation)
    }
    text += marks.close
  }

  private static func quote(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
