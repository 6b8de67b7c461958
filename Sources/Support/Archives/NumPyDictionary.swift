/// The dictionary in the header of a `.npy` file: a Python literal with three known keys, as NumPy demands.
package struct NumPyDictionary: Equatable {
  /// The type of elements, such as `<f4`; nil for elements of several fields.
  package let descriptor: String?
  package let isFortranOrder: Bool
  package let shape: [Int]

  /// Reads `{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }`.
  /// - Throws: `InputError` for anything but that.
  package init(_ text: String, subject: String) throws {
    var reader = LiteralReader(text: Array(text.utf8))
    var descriptor: String?
    var hasFields = false
    var isFortranOrder: Bool?
    var shape: [Int]?
    var isWhole = reader.skip("{")
    while isWhole && !reader.skip("}") {
      guard let key = reader.string(), reader.skip(":") else { isWhole = false; break }
      switch key {
      case "descr":
        hasFields = reader.isAt("[")
        if hasFields { isWhole = reader.skipList() } else { descriptor = reader.string() }
      case "fortran_order":
        isFortranOrder = reader.skip("True") ? true : reader.skip("False") ? false : nil
      case "shape": shape = reader.tuple()
      default: isWhole = false
      }
      if !reader.skip(",") && !reader.isAt("}") { isWhole = false }
    }
    guard isWhole, reader.isAtEnd, descriptor != nil || hasFields, let isFortranOrder, let shape
    else {
      throw InputError(
        subject, "the header is not that of a plain array", "save it with numpy.save")
    }
    self.descriptor = descriptor
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }
}

/// Takes Python literals off the front of a text.
private struct LiteralReader {
  let text: [UInt8]
  var position = 0

  init(text: [UInt8]) { self.text = text }

  /// Whether nothing but blanks is left.
  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == text.count
    }
  }

  /// Whether `token` comes next.
  mutating func isAt(_ token: String) -> Bool {
    skipBlanks()
    return text[position...].starts(with: token.utf8)
  }

  /// Takes `token` if it comes next.
  mutating func skip(_ token: String) -> Bool {
    guard isAt(token) else { return false }
    position += token.utf8.count
    return true
  }

  /// A string in single or double quotes, without escapes.
  mutating func string() -> String? {
    skipBlanks()
    guard position < text.count, text[position] == 0x27 || text[position] == 0x22 else {
      return nil
    }
    let start = position + 1
    guard let end = text[start...].firstIndex(of: text[position]) else { return nil }
    position = end + 1
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  /// A tuple of whole numbers, of at most 32 as in NumPy.
  mutating func tuple() -> [Int]? {
    guard skip("(") else { return nil }
    var numbers: [Int] = []
    while !skip(")") {
      skipBlanks()
      let digits = text[position...].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)), numbers.count < 32 else {
        return nil
      }
      numbers.append(number)
      position += digits.count
      _ = skip("L")
      if !skip(",") && !isAt(")") { return nil }
    }
    return numbers
  }

  /// Takes a list of anything, up to the bracket that closes it.
  mutating func skipList() -> Bool {
    var depth = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"): depth -= 1
      default: break
      }
      position += 1
      if depth == 0 { return true }
    }
    return false
  }

  private mutating func skipBlanks() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
  }
}
