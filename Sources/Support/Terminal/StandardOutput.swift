import Foundation

/// Data that the user asked for, on standard output.
package enum StandardOutput {
  /// Whether standard output is a terminal.
  package static let isTerminal = isatty(1) == 1

  /// The width that tables may have: the terminal's, or 100 characters.
  package static let width = terminalWidth(of: 1) ?? 100

  /// Writes `text` as it is.
  /// - Throws: `InputError` if the disk behind standard output is full, or the like.
  package static func write(_ text: String) throws {
    var text = text
    try text.withUTF8 {
      try writeAll(UnsafeRawBufferPointer($0), to: 1, name: "standard output")
    }
  }

  /// Writes `line` and a newline.
  package static func line(_ line: String = "") throws { try write(line + "\n") }
}
