import Support

/// Text from files made safe for where it is shown: names may hold anything.
package enum Escaping {
  /// For a terminal or a plain line: control, format and bidirectional characters become visible.
  package static func terminal(_ text: String) -> String { Visible.text(text) }

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
}
