import Foundation

/// Names of files as text, one to one.
///
/// A name on Linux is any bytes. What is valid UTF-8 stands as itself. A byte that is not stands as the
/// private character U+EF00 + byte, and so do the bytes of such a character itself; hence every name has a
/// text of its own, and the text leads back to the bytes. (Python's `surrogateescape` does the same with
/// surrogates, which Swift's strings cannot hold.)
package enum FileNameText {
  /// The text of a name.
  package static func text(of bytes: [UInt8]) -> String { String(systemBytes: bytes) }

  /// The name that a text stands for.
  package static func bytes(of text: String) -> [UInt8] { text.systemBytes }

  /// The text for people and for the ids of examples: such bytes as `\xE9`.
  ///
  /// A backslash before an `x` becomes `\x5C`, so that no two names look the same.
  package static func visible(_ text: String) -> String {
    guard text.hasSystemBytes || text.contains("\\x") else { return text }
    let whole = text.replacingOccurrences(of: "\\x", with: "\\x5Cx")
    return whole.unicodeScalars.map { scalar in
      scalar.systemByte.map { "\\x" + String($0, radix: 16, uppercase: true) } ?? String(scalar)
    }.joined()
  }

  /// The name as C functions take it.
  package static func cString(_ text: String) -> [CChar] {
    text.systemBytes.map { CChar(bitPattern: $0) } + [0]
  }
}
