/// How a file stores the elements of a tensor; loading converts all of them to 32-bit floats.
package enum StoredType: String, Sendable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  /// Bytes of one element.
  package var width: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether elements are floating-point numbers, so weights rather than indices or flags.
  package var isFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }

  /// Converts consecutive elements in this machine's byte order to 32-bit floats.
  ///
  /// 64-bit values are rounded to nearest; float16 and bfloat16 convert exactly; a flag is 0 or 1.
  /// - Parameters:
  ///   - source: `count × width` bytes, at any alignment.
  ///   - count: number of elements.
  ///   - target: room for `count` floats.
  func convert(
    _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .float32:
      unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
    case .float64: unsafe each(source, count, target, Double.self) { Float($0) }
    case .float16: unsafe each(source, count, target, UInt16.self, expandedHalf)
    case .bfloat16:
      unsafe each(source, count, target, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: unsafe each(source, count, target, Int64.self) { Float($0) }
    case .int32: unsafe each(source, count, target, Int32.self) { Float($0) }
    case .int16: unsafe each(source, count, target, Int16.self) { Float($0) }
    case .int8: unsafe each(source, count, target, Int8.self) { Float($0) }
    case .uint64: unsafe each(source, count, target, UInt64.self) { Float($0) }
    case .uint32: unsafe each(source, count, target, UInt32.self) { Float($0) }
    case .uint16: unsafe each(source, count, target, UInt16.self) { Float($0) }
    case .uint8: unsafe each(source, count, target, UInt8.self) { Float($0) }
    case .bool: unsafe each(source, count, target, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }
}

@inline(__always)
private func each<Element: BitwiseCopyable>(
  _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>,
  _: Element.Type, _ value: (Element) -> Float
) {
  for index in 0..<count {
    unsafe target[index] = unsafe value(
      source.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self))
  }
}

/// The value of an IEEE 754 half, without branches on its class but one.
///
/// Shifting exponent and mantissa into a float's place leaves the exponent 112 too small;
/// multiplying by 2¹¹² mends it, for subnormals too.
@inline(__always)
private func expandedHalf(_ half: UInt16) -> Float {
  let magnitude = UInt32(half & 0x7fff) << 13
  var bits = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  if half & 0x7c00 == 0x7c00 { bits = magnitude | 0x7f80_0000 }
  return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
}
