/// The dictionary in the header of a `.npy` file: a Python literal with three known keys, each once.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
struct NumPyLiteral {
  /// The type code; nil for a structure, which is a list.
  let descriptor: String?
  let isFortranOrder: Bool
  let shape: [Int]

  /// Reads the text; nil for anything but that.
  init?(_ text: some Sequence<UInt8>) {
    var reader = LiteralReader(text: Array(text))
    var descriptor: String??
    var isFortranOrder: Bool?
    var shape: [Int]?
    guard reader.skip("{") else { return nil }
    while !reader.skip("}") {
      guard let key = reader.string(), reader.skip(":") else { return nil }
      switch key {
      case "descr" where descriptor == nil:
        if reader.isAt("[") {
          guard reader.skipList() else { return nil }
          descriptor = .some(nil)
        } else {
          guard let text = reader.string() else { return nil }
          descriptor = text
        }
      case "fortran_order" where isFortranOrder == nil:
        isFortranOrder = reader.skip("True") ? true : reader.skip("False") ? false : nil
      case "shape" where shape == nil: shape = reader.tuple()
      default: return nil
      }
      guard reader.skip(",") || reader.isAt("}") else { return nil }
    }
    guard reader.isAtEnd, let descriptor, let isFortranOrder, let shape else { return nil }
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
    return String(validating: text[start..<end], as: UTF8.self)
  }

  /// Takes a list, whatever it holds, to the bracket that closes it.
  mutating func skipList() -> Bool {
    var depth = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"): depth -= 1
      case 0x27, 0x22:
        guard string() != nil else { return false }
        continue
      default: break
      }
      position += 1
      if depth == 0 { return true }
    }
    return false
  }

  /// A tuple of whole numbers, of at most 32 as in NumPy; one number alone is followed by a comma.
  mutating func tuple() -> [Int]? {
    guard skip("(") else { return nil }
    var numbers: [Int] = []
    while !skip(")") {
      skipBlanks()
      let digits = text[position...].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)), numbers.count < 32,
        digits.count == 1 || digits.first != UInt8(ascii: "0")
      else { return nil }
      numbers.append(number)
      position += digits.count
      _ = skip("L")  // Python 2
      guard skip(",") || isAt(")") && numbers.count > 1 else { return nil }
    }
    return numbers
  }

  private mutating func skipBlanks() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
  }
}
