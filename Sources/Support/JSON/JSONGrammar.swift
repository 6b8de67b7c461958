import Foundation

/// What RFC 8259 asks and json-c lets pass, checked over text that json-c has accepted.
///
/// json-c 0.16 takes single quotes, `1.`, control characters in strings and NaN, keeps the last of
/// equal keys without a word, and cuts keys at a NUL.
@safe struct JSONGrammar {
  private let text: UnsafeBufferPointer<UInt8>
  private let subject: String
  private var index = 0
  /// Keys seen in each open object, as they are written.
  private var objects: [Set<String>] = []
  private var lastString = 0..<0
  private var members = 0
  private var duplicate: String?

  /// Throws unless `text` is strict JSON that holds exactly `members` members.
  static func check(
    _ text: UnsafeBufferPointer<UInt8>, members: Int, subject: String
  ) throws {
    var grammar = unsafe JSONGrammar(text, subject)
    try grammar.scan()
    guard grammar.members != members else { return }
    let name = grammar.duplicate.map { " '\($0.prefix(60))'" } ?? ""
    throw InputError(subject, "the key\(name) occurs twice in one object", "remove one of them")
  }

  private init(_ text: UnsafeBufferPointer<UInt8>, _ subject: String) {
    unsafe (self.text, self.subject) = unsafe (text, subject)
  }

  private mutating func scan() throws {
    while unsafe index < text.count {
      switch unsafe text[index] {
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: ":"): try noteKey()
      case UInt8(ascii: "{"), UInt8(ascii: "["): objects.append([])
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = objects.popLast()
      case UInt8(ascii: ","), 0x20, 0x09, 0x0a, 0x0d, 0: break
      default: try checkWord()
      }
      index += 1
    }
  }

  /// Goes to the closing quotation mark.
  private mutating func skipString() throws {
    let start = index + 1
    index = start
    while unsafe index < text.count, unsafe text[index] != UInt8(ascii: "\"") {
      guard unsafe text[index] >= 0x20 else { throw failure("a control character in a string") }
      unsafe index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    lastString = unsafe start..<min(index, text.count)
  }

  private mutating func noteKey() throws {
    members += 1
    let key = unsafe String(decoding: text[lastString], as: UTF8.self)
    guard !key.contains("\\u0000") else { throw failure("a NUL in a key") }
    guard let last = objects.indices.last, !objects[last].insert(key).inserted else { return }
    duplicate = duplicate ?? key
  }

  /// Checks a number or literal and goes to its last byte.
  private mutating func checkWord() throws {
    let start = index
    while unsafe index + 1 < text.count, unsafe !Self.endsWord(text[index + 1]) { index += 1 }
    let word = unsafe text[start...index]
    guard
      unsafe Self.isNumber(word) || Self.literals.contains(where: { unsafe word.elementsEqual($0) })
    else {
      let shown = unsafe String(decoding: word.prefix(20), as: UTF8.self)
      throw failure("'\(shown)' is no value")
    }
  }

  private static let literals: [[UInt8]] = ["true", "false", "null"].map { Array($0.utf8) }

  private static func endsWord(_ byte: UInt8) -> Bool {
    byte <= 0x20 || ",:{}[]\"".utf8.contains(byte)
  }

  /// The grammar of a number.
  ///
  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
  private static func isNumber(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    var rest = unsafe word
    let digits = { () -> Int in
      let count = unsafe rest.prefix { (0x30...0x39).contains($0) }.count
      unsafe rest = unsafe rest.dropFirst(count)
      return count
    }
    if unsafe rest.first == UInt8(ascii: "-") { unsafe rest = unsafe rest.dropFirst() }
    let isZero = unsafe rest.first == 0x30
    let whole = digits()
    guard whole > 0, !isZero || whole == 1 else { return false }
    if unsafe rest.first == UInt8(ascii: ".") {
      unsafe rest = unsafe rest.dropFirst()
      guard digits() > 0 else { return false }
    }
    if let mark = unsafe rest.first, mark | 0x20 == UInt8(ascii: "e") {
      unsafe rest = unsafe rest.dropFirst()
      if let sign = unsafe rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        unsafe rest = unsafe rest.dropFirst()
      }
      guard digits() > 0 else { return false }
    }
    return unsafe rest.isEmpty
  }

  private func failure(_ problem: String) -> InputError {
    InputError(
      subject, unsafe "is not valid JSON: \(problem) at byte \(min(index, text.count - 1))")
  }
}
