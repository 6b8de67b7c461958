/// The dictionary in the header of a `.npy` file: a Python literal with three known keys, each once.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
struct NumPyLiteral {
  /// What an element is.
  enum Descriptor {
    /// A type code such as `<f4`.
    case code(String)
    /// A structure of fields; nil for one that holds structures.
    case structure([NumPyField]?)
  }

  let descriptor: Descriptor
  let isFortranOrder: Bool
  let shape: [Int]

  /// Reads the text; nil for anything but that.
  init?(_ text: some Sequence<UInt8>) {
    var reader = LiteralReader(text: Array(text))
    var descriptor: Descriptor?
    var isFortranOrder: Bool?
    var shape: [Int]?
    guard reader.skip("{") else { return nil }
    while !reader.skip("}") {
      guard let key = reader.string(), reader.skip(":") else { return nil }
      switch key {
      case "descr" where descriptor == nil:
        guard let found = reader.descriptor() else { return nil }
        descriptor = found
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

/// A field of a structure: `('score', '<f4')`, or `('box', '<f4', (4,))`.
package struct NumPyField: Equatable, Sendable {
  package let name: String
  /// The type code of an element.
  package let code: String
  /// The extents of the field in one structure; empty for a single element.
  package let shape: [Int]

  /// A field of a structure.
  package init(_ name: String, _ code: String, shape: [Int] = []) {
    self.name = name
    self.code = code
    self.shape = shape
  }

  /// The field as in a header.
  package var literal: String {
    shape.isEmpty ? "('\(name)', '\(code)')" : "('\(name)', '\(code)', \(pythonTuple(shape)))"
  }
}

/// Whole numbers as Python writes a tuple: `(3, 4)`, `(3,)`, `()`.
func pythonTuple(_ numbers: [Int]) -> String {
  let text = numbers.map { String($0) }.joined(separator: ", ")
  return numbers.count == 1 ? "(\(text),)" : "(\(text))"
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

  /// A type code, or a list of fields.
  mutating func descriptor() -> NumPyLiteral.Descriptor? {
    guard isAt("[") else { return string().map { .code($0) } }
    let start = position
    if let fields = fields() { return .structure(fields) }
    position = start
    return skipList() ? .structure(nil) : nil
  }

  /// A list of fields of numbers or texts.
  private mutating func fields() -> [NumPyField]? {
    guard skip("[") else { return nil }
    var fields: [NumPyField] = []
    while !skip("]") {
      guard skip("("), let name = string(), skip(","), let code = string() else { return nil }
      var shape: [Int] = []
      if skip(","), isAt("(") {
        guard let extents = tuple() else { return nil }
        shape = extents
      }
      guard skip(")"), skip(",") || isAt("]") else { return nil }
      fields.append(NumPyField(name, code, shape: shape))
    }
    return fields
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
