import Foundation

/// Names of files as text, one to one.
///
/// A name on Linux is any bytes. What is valid UTF-8 stands as itself. A byte that is not stands as the
/// private character U+EF00 + byte, and so do the bytes of such a character itself; hence every name has a
/// text of its own, and the text leads back to the bytes. (Python's `surrogateescape` does the same with
/// surrogates, which Swift's strings cannot hold.)
package enum FileNameText {
  private static let first: UInt32 = 0xef00
  private static let escapes: ClosedRange<UInt32> = 0xef80...0xefff

  /// The text of a name.
  package static func text(of bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !hasEscape(text) { return text }
    var text = String.UnicodeScalarView()
    var position = 0
    while position < bytes.count {
      if let (scalar, length) = scalar(bytes[position...]) {
        text.append(scalar)
        position += length
      } else {
        if let escape = Unicode.Scalar(first + UInt32(bytes[position])) { text.append(escape) }
        position += 1
      }
    }
    return String(text)
  }

  /// The name that a text stands for.
  package static func bytes(of text: String) -> [UInt8] {
    guard hasEscape(text) else { return Array(text.utf8) }
    return text.unicodeScalars.flatMap { scalar in
      escapes.contains(scalar.value)
        ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  /// The text for people and for the ids of examples: such bytes as `\xE9`.
  ///
  /// A backslash before an `x` becomes `\x5C`, so that no two names look the same.
  package static func visible(_ text: String) -> String {
    guard hasEscape(text) || text.contains("\\x") else { return text }
    let whole = text.replacingOccurrences(of: "\\x", with: "\\x5Cx")
    return whole.unicodeScalars.map { scalar in
      escapes.contains(scalar.value)
        ? "\\x" + String(scalar.value & 0xff, radix: 16, uppercase: true) : String(scalar)
    }.joined()
  }

  /// The name as C functions take it.
  package static func cString(_ text: String) -> [CChar] {
    bytes(of: text).map { CChar(bitPattern: $0) } + [0]
  }

  private static func hasEscape(_ text: String) -> Bool {
    // Escapes begin with this byte, which few names have.
    text.utf8.contains(0xee) && text.unicodeScalars.contains { escapes.contains($0.value) }
  }

  /// The character at the beginning, unless it would be taken for an escape.
  private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    let length =
      switch bytes.first ?? 0 {
      case ..<0x80: 1
      case 0xc2...0xdf: 2
      case 0xe0...0xef: 3
      default: 4
      }
    guard let text = String(validating: bytes.prefix(length), as: UTF8.self),
      let scalar = text.unicodeScalars.first, text.utf8.count == String(scalar).utf8.count,
      !escapes.contains(scalar.value)
    else { return nil }
    return (scalar, text.utf8.count)
  }
}
