import Foundation

/// A reader of JSON text that hands out one value after another and keeps none, for files too large for a tree.
///
/// The grammar is RFC 8259's and strict, also where values are skipped: no NaN, no comma too many, no control
/// character or broken UTF-8 in a string, nothing nested deeper than `JSON.maximumDepth`. The text must outlive
/// the reader and whatever it hands out.
@safe package struct JSONPull {
  /// What the text is, for messages: a file or an option.
  package let subject: String
  /// The byte that is read next.
  package private(set) var position: Int
  private let bytes: UnsafeBufferPointer<UInt8>
  private var depth = 0
  /// Whether a container was just opened, so that no comma comes first.
  private var isFirst = false

  /// Begins to read a value.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - subject: what it is, for messages.
  ///   - position: where the value begins.
  package init(_ bytes: UnsafeRawBufferPointer, subject: String, at position: Int = 0) {
    unsafe self.bytes = unsafe bytes.bindMemory(to: UInt8.self)
    self.subject = subject
    self.position = position
  }

  /// Refuses a text that holds nothing at all.
  package func refuseEmpty() throws {
    guard unsafe !bytes.isEmpty else { throw InputError(subject, "is empty", "write it again") }
  }

  /// Enters an object.
  /// - Returns: False, with nothing read, when the value is none.
  package mutating func openObject() throws -> Bool { try open(UInt8(ascii: "{")) }

  /// Enters an array.
  /// - Returns: False, with nothing read, when the value is none.
  package mutating func openArray() throws -> Bool { try open(UInt8(ascii: "[")) }

  /// The key of the next member of the object that was entered last; nil, and left, at its end.
  package mutating func nextKey() throws -> JSONText? {
    guard try hasNext(before: UInt8(ascii: "}")) else { return nil }
    guard next == UInt8(ascii: "\"") else { throw unexpected("a key in quotation marks") }
    let key = try scanString()
    skipSpace()
    guard next == UInt8(ascii: ":") else { throw unexpected("':' after a key") }
    position += 1
    return key
  }

  /// Whether the array that was entered last has another element; at its end it is left.
  package mutating func nextElement() throws -> Bool { try hasNext(before: UInt8(ascii: "]")) }

  /// A string; nil, with nothing read, when the value is none.
  package mutating func string() throws -> JSONText? {
    skipSpace()
    return next == UInt8(ascii: "\"") ? try scanString() : nil
  }

  /// A number, correctly rounded, infinite beyond the range of doubles; nil, with nothing read, when the value is none.
  package mutating func number() throws -> Double? {
    guard let word = try scanNumber() else { return nil }
    if word.fits, let value = word.decimal.nearestDouble { return value }
    return unsafe Double(String(decoding: bytes[word.start..<position], as: UTF8.self)) ?? .nan
  }

  /// A whole number of 64 bits, also written `3.0`; nil when the value is none.
  package mutating func whole() throws -> Int? {
    guard let word = try scanNumber() else { return nil }
    if !word.isReal, let value = wholeDigits(word) { return value }
    let text = unsafe String(decoding: bytes[word.start..<position], as: UTF8.self)
    guard word.isReal else { return Int(text) }
    // Beyond 2^53 a double stands for several whole numbers.
    guard let value = Double(text), abs(value) <= 0x1p53 else { return nil }
    return Int(exactly: value)
  }

  private func wholeDigits(_ word: Word) -> Int? {
    guard word.fits, let size = Int(exactly: word.decimal.digits) else { return nil }
    return word.decimal.isNegative ? -size : size
  }

  /// `true` or `false`; nil, with nothing read, when the value is neither.
  package mutating func bool() throws -> Bool? {
    skipSpace()
    guard next == UInt8(ascii: "t") || next == UInt8(ascii: "f") else { return nil }
    let isTrue = next == UInt8(ascii: "t")
    try scanWord(isTrue ? "true" : "false")
    return isTrue
  }

  /// Passes over a value of any kind.
  package mutating func skip() throws {
    skipSpace()
    switch next {
    case UInt8(ascii: "\""): _ = try scanString()
    case UInt8(ascii: "{"):
      guard try openObject() else { return }
      while try nextKey() != nil { try skip() }
    case UInt8(ascii: "["):
      guard try openArray() else { return }
      while try nextElement() { try skip() }
    case UInt8(ascii: "t"): try scanWord("true")
    case UInt8(ascii: "f"): try scanWord("false")
    case UInt8(ascii: "n"): try scanWord("null")
    default: if try scanNumber() == nil { throw unexpected("a value") }
    }
  }

  /// Checks that nothing but white space is left.
  package mutating func end() throws {
    skipSpace()
    guard unsafe position == bytes.count else {
      throw InputError(
        subject, "is not valid JSON: text after the document at byte \(position)")
    }
  }

  /// The text of the value that comes next, shortened, for messages.
  package mutating func shown() -> String {
    skipSpace()
    let part = unsafe bytes[position..<min(bytes.count, position + 60)]
    let end = unsafe part.firstIndex { unsafe ",}]\n\r".utf8.contains($0) && $0 != bytes[position] }
    let text = unsafe String(decoding: part[..<(end ?? part.endIndex)], as: UTF8.self)
    return text.isEmpty ? "absent" : text
  }

  // The text, byte by byte.

  private var next: UInt8 { unsafe position < bytes.count ? bytes[position] : 0 }

  private mutating func skipSpace() {
    while unsafe position < bytes.count {
      let byte = unsafe bytes[position]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
      position += 1
    }
  }

  private mutating func open(_ mark: UInt8) throws -> Bool {
    skipSpace()
    guard next == mark else { return false }
    guard depth < JSON.maximumDepth else {
      throw InputError(
        subject, "is not valid JSON: nested deeper than \(JSON.maximumDepth) levels")
    }
    position += 1
    depth += 1
    isFirst = true
    return true
  }

  private mutating func hasNext(before mark: UInt8) throws -> Bool {
    skipSpace()
    let isAtStart = isFirst
    isFirst = false
    if next == mark {
      position += 1
      depth -= 1
      return false
    }
    guard !isAtStart else { return true }
    guard next == UInt8(ascii: ",") else {
      throw unexpected("',' or '\(Character(Unicode.Scalar(mark)))'")
    }
    position += 1
    skipSpace()
    guard next != mark else { throw unexpected("a value after ','") }
    return true
  }

  private mutating func scanWord(_ word: StaticString) throws {
    let length = word.utf8CodeUnitCount
    guard unsafe position + length <= bytes.count,
      (0..<length).allSatisfy({ unsafe bytes[position + $0] == word.utf8Start[$0] })
    else { throw unexpected("a value") }
    position += length
  }

  /// Goes behind the closing quotation mark.
  private mutating func scanString() throws -> JSONText {
    let start = position + 1
    var (index, all) = (start, UInt8(0))
    var hasEscapes = false
    while unsafe index < bytes.count {
      let byte = unsafe bytes[index]
      if byte == UInt8(ascii: "\"") { break }
      all |= byte
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        index += try escapeLength(at: index)
        continue
      }
      guard byte >= 0x20 else {
        throw InputError(
          subject, "is not valid JSON: a control character in a string at byte \(index)")
      }
      index += 1
    }
    let text = unsafe UnsafeBufferPointer(rebasing: bytes[min(start, bytes.count)..<index])
    position = unsafe min(index + 1, bytes.count + 1)
    guard unsafe index < bytes.count else { throw endsEarly }
    if all >= 0x80, unsafe String(validating: text, as: UTF8.self) == nil {
      throw InputError(subject, "is not valid JSON: it is not UTF-8 text at byte \(start)")
    }
    return unsafe JSONText(bytes: text, hasEscapes: hasEscapes)
  }

  /// The bytes of the escape sequence at `index`.
  private func escapeLength(at index: Int) throws -> Int {
    guard unsafe index + 1 < bytes.count else { throw endsEarly }
    if unsafe "\"\\/bfnrt".utf8.contains(bytes[index + 1]) { return 2 }
    guard unsafe bytes[index + 1] == UInt8(ascii: "u") else {
      throw InputError(subject, "is not valid JSON: an unknown escape at byte \(index)")
    }
    guard unsafe index + 6 <= bytes.count else { throw endsEarly }
    let isHexadecimal = unsafe bytes[(index + 2)..<(index + 6)].allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
    guard isHexadecimal else {
      throw InputError(subject, "is not valid JSON: an unknown escape at byte \(index)")
    }
    return 6
  }

  /// A number as it is written.
  private struct Word {
    let start: Int
    var decimal = DecimalNumber()
    /// Whether all digits are in `decimal`.
    var fits = true
    /// Whether it has a point or an exponent.
    var isReal = false
  }

  /// Goes behind a number; nil, with nothing read, when there is none.
  private mutating func scanNumber() throws -> Word? {
    skipSpace()
    var word = Word(start: position)
    if next == UInt8(ascii: "-") {
      word.decimal.isNegative = true
      position += 1
    }
    guard (0x30...0x39).contains(next) else {
      position = word.start
      return nil
    }
    let isZero = next == 0x30
    let whole = scanDigits(&word)
    guard !isZero || whole == 1 else { throw unexpected("no zero before a number") }
    if next == UInt8(ascii: ".") {
      position += 1
      word.isReal = true
      let places = scanDigits(&word)
      guard places > 0 else { throw unexpected("a digit") }
      word.decimal.exponent = -places
    }
    if next | 0x20 == UInt8(ascii: "e") { try scanExponent(&word) }
    return word
  }

  private mutating func scanDigits(_ word: inout Word) -> Int {
    let start = position
    var digits = word.decimal.digits
    while unsafe position < bytes.count {
      let digit = unsafe bytes[position] &- 0x30
      guard digit < 10 else { break }
      // Up to here another digit cannot overflow.
      if digits < 1_844_674_407_370_955_161 {
        digits = digits &* 10 &+ UInt64(digit)
      } else {
        word.fits = false
      }
      position += 1
    }
    word.decimal.digits = digits
    return position - start
  }

  private mutating func scanExponent(_ word: inout Word) throws {
    position += 1
    word.isReal = true
    let isNegative = next == UInt8(ascii: "-")
    if isNegative || next == UInt8(ascii: "+") { position += 1 }
    guard (0x30...0x39).contains(next) else { throw unexpected("a digit") }
    var exponent = 0
    while unsafe position < bytes.count {
      let digit = unsafe bytes[position] &- 0x30
      guard digit < 10 else { break }
      exponent = min(exponent * 10 + Int(digit), 1 << 20)
      position += 1
    }
    word.decimal.exponent += isNegative ? -exponent : exponent
  }

  private var endsEarly: InputError {
    InputError(subject, unsafe "is not valid JSON: it ends early, after \(bytes.count) bytes")
  }

  private func unexpected(_ wanted: String) -> InputError {
    guard unsafe position < bytes.count else { return endsEarly }
    return InputError(subject, "is not valid JSON: \(wanted) is expected at byte \(position)")
  }
}

/// A string as it is written in JSON text, between its quotation marks.
@safe package struct JSONText {
  /// The bytes, escapes as they are written.
  package let bytes: UnsafeBufferPointer<UInt8>
  /// Whether any of them begins an escape.
  package let hasEscapes: Bool

  /// The given bytes, which must outlive the value.
  package init(bytes: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) {
    unsafe self.bytes = unsafe bytes
    self.hasEscapes = hasEscapes
  }

  /// Whether it says `word`.
  package func equals(_ word: StaticString) -> Bool {
    guard !hasEscapes else { return decoded == "\(word)" }
    guard unsafe bytes.count == word.utf8CodeUnitCount, let start = unsafe bytes.baseAddress else {
      return unsafe bytes.isEmpty && word.utf8CodeUnitCount == 0
    }
    return unsafe memcmp(start, word.utf8Start, bytes.count) == 0
  }

  /// What it says.
  package var decoded: String {
    guard hasEscapes else { return unsafe String(decoding: bytes, as: UTF8.self) }
    var units: [UInt16] = []
    var rest = unsafe Substring(String(decoding: bytes, as: UTF8.self)).utf16[...]
    while let unit = rest.popFirst() {
      guard unit == 0x5c, let mark = rest.popFirst() else {
        units.append(unit)
        continue
      }
      switch mark {
      case 0x75:
        let digits = rest.prefix(4).reduce(UInt16(0)) { $0 << 4 | hexadecimal($1) }
        rest = rest.dropFirst(4)
        units.append(digits)
      case 0x62: units.append(8)
      case 0x66: units.append(12)
      case 0x6e: units.append(10)
      case 0x72: units.append(13)
      case 0x74: units.append(9)
      default: units.append(mark)
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  private func hexadecimal(_ unit: UInt16) -> UInt16 {
    unit < 0x3a ? unit - 0x30 : (unit | 0x20) - 0x57
  }
}
