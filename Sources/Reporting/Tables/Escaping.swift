/// Text from files made safe for where it is shown: names may hold anything.
package enum Escaping {
  /// For a terminal or a plain line: control, format and bidirectional characters become visible.
  package static func terminal(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isInvisible) else { return text }
    return text.unicodeScalars.map { scalar in
      isInvisible(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
  }

  /// For HTML text and quoted attributes.
  package static func html(_ text: String) -> String {
    terminal(text).map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: String(character)
      }
    }.joined()
  }

  /// For a cell of a Markdown table: no markup, no HTML, no end of the cell.
  package static func markdown(_ text: String) -> String {
    html(text).replacing("&quot;", with: "\"").replacing("&#39;", with: "'").map { character in
      "\\`*_[]|~".contains(character) ? "\\\(character)" : String(character)
    }.joined()
  }

  /// For a field of a CSV file: quoted where needed, and not taken for a formula by a spreadsheet.
  package static func csv(_ text: String) -> String {
    var field = terminal(text)
    let isNumber = Double(field) != nil
    if let first = field.first, "=+-@".contains(first), !isNumber { field = "'" + field }
    guard field.contains(where: { ",\"".contains($0) }) || field.first == " " || field.last == " "
    else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }

  /// Control characters, and those that hide or reorder what surrounds them.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      true
    default: false
    }
  }
}
