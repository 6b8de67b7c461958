/// A NumPy type code such as `<f4`, `f4` or `|b1`.
package struct NumPyType {
  package let stored: StoredType
  package let isBigEndian: Bool

  /// Reads a type code; nil for types that hold no numbers.
  init?(_ code: String) {
    var rest = Substring(code)
    var order: Character = "<"
    if let first = rest.first, "<>|=".contains(first) {
      order = first
      rest = rest.dropFirst()
    }
    guard let stored = Self.types[String(rest)] else { return nil }
    self.stored = stored
    isBigEndian = order == ">"
  }

  private static let types: [String: StoredType] = [
    "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16,
    "i1": .int8, "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool, "?": .bool,
  ]
}
