/// Text from files and arguments made safe to print: whatever it holds, it can neither move a
/// cursor, nor hide or reorder what stands beside it, nor begin a line, nor command a CI system.
///
/// Every stream of the program writes through here; `Reporting` uses it for its own formats.
package enum Visible {
  /// Text inside a line: control, format and bidirectional characters and line separators become
  /// visible, as `\u{1b}`, bytes of a name that is no UTF-8 as `\xE9`.
  ///
  /// `##[`, which GitHub and Azure take for a command wherever it stands, is broken up.
  package static func text(_ text: String) -> String {
    escaped(text) { scalar in
      if let byte = scalar.systemByte { return "\\x" + String(byte, radix: 16, uppercase: true) }
      return "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  /// A line of its own: `text`, which moreover does not begin with GitHub's `::`.
  package static func line(_ text: String) -> String { harmlessStart(Self.text(text)) }

  /// Several lines: the breaks stay, each line becomes safe.
  package static func lines(_ text: String) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { part in
      // The lines of CSV end in both.
      let ending = part.last == "\r" ? "\r" : ""
      return line(String(part.dropLast(ending.unicodeScalars.count))) + ending
    }.joined(separator: "\n")
  }

  /// A JSON document that means the same: what is invisible is written as `\u009b`.
  package static func json(_ text: String) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { part in
      escaped(String(part)) { scalar in
        String(scalar).utf16.map { unit in
          let digits = String(unit, radix: 16)
          return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
      }
    }.joined(separator: "\n")
  }

  private static func escaped(_ text: String, _ escape: (Unicode.Scalar) -> String) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "#") }
    if isPlain { return text }
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      if isInvisible(scalar) || (scalar == "#" && opensCommand(scalars, index)) {
        result += escape(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether the mark at `index` is the second of `##[` or `##word[`.
  private static func opensCommand(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    guard index > 0, scalars[index - 1] == "#" else { return false }
    let rest = scalars[(index + 1)...].drop { $0.properties.isAlphabetic }
    return rest.first == "["
  }

  /// GitHub looks for `::` behind the white space that opens a line.
  private static func harmlessStart(_ line: String) -> String {
    let start = line.unicodeScalars.prefix { $0.properties.isWhitespace }
    let rest = line.unicodeScalars[start.endIndex...]
    guard rest.starts(with: "::".unicodeScalars) else { return line }
    return String(start) + "\\u{3a}" + String(rest.dropFirst())
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
