import Foundation

/// Data that the user asked for, on standard output.
package enum StandardOutput {
  /// Whether standard output is a terminal.
  package static let isTerminal = isatty(1) == 1

  /// The width that tables may have: the terminal's, or 100 characters.
  package static let width = terminalWidth(of: 1) ?? 100

  /// Writes text of one or more lines, each made visible.
  /// - Throws: `InputError` if the disk behind standard output is full, or the like.
  package static func write(_ text: String) throws { try emit(Visible.lines(text)) }

  /// Writes `line`, whatever it holds, as one line.
  package static func line(_ line: String = "") throws { try emit(Visible.line(line) + "\n") }

  /// Writes a JSON document and a newline.
  package static func json(_ json: JSON) throws {
    try emit(Visible.json(json.text(pretty: true)) + "\n")
  }

  private static func emit(_ text: String) throws {
    var text = text
    try text.withUTF8 {
      try unsafe writeAll(UnsafeRawBufferPointer($0), to: 1, name: "standard output")
    }
  }
}
