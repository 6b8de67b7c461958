import Foundation
import Support

/// A `.npy` file (format versions 1 to 3): an array of whole numbers, in memory or mapped into it.
package struct NumPyArray: Sendable {
  /// What an element is.
  package enum Element: Sendable, Equatable {
    case unsigned(bytes: Int)
    case signed(bytes: Int)

    var size: Int {
      switch self {
      case .unsigned(let bytes), .signed(let bytes): bytes
      }
    }
  }

  /// Where it was read from: a path, and the entry of an archive.
  package let path: String
  /// The extents, outermost first; empty for a single value.
  package let shape: [Int]
  /// What an element is.
  package let element: Element
  /// Whether an element's first byte is its greatest.
  let isBigEndian: Bool
  let store: any HeldBytes
  /// Where the elements begin.
  let offset: Int

  /// Number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// Gives the elements' bytes, row-major, to `body`.
  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(store) {
      let end = offset + count * element.size
      return try unsafe body(UnsafeRawBufferPointer(rebasing: store.bytes[offset..<end]))
    }
  }

  /// Maps the file at `path`.
  /// - Throws: `InputError` when it is no such file, holds other elements than whole numbers, is
  ///   in Fortran order, or its length is not what the header claims.
  package init(_ path: String) throws {
    let file = try MappedFile(path)
    try self.init(file, range: 0..<file.count, path: path)
  }

  /// The `.npy` file that lies in `range` of other bytes.
  init(_ store: any HeldBytes, range: Range<Int>, path: String) throws {
    self.path = path
    self.store = store
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: store.bytes[range])
    let header = try unsafe NumPyHeader(bytes, subject: path)
    guard let type = header.type, let element = Element(type.stored) else {
      throw InputError(
        path, "holds elements of type '\(header.code)'", "save whole numbers")
    }
    self.element = element
    offset = range.lowerBound + header.start
    shape = header.shape
    isBigEndian = type.isBigEndian
    guard !header.isColumnMajor || shape.count < 2 else {
      throw InputError(
        path, "is in Fortran order", "save it with numpy.save(file, numpy.ascontiguousarray(a))")
    }
    let fits = elementCount(shape).map { $0 * element.size == bytes.count - header.start }
    guard fits == true else {
      throw InputError(
        path,
        "the header claims shape (\(shape.map(String.init).joined(separator: ", "))), which does not "
          + "fit the file's \(bytes.count) bytes",
        "the file is incomplete or damaged; fetch it again")
    }
  }

  /// The element at `index` in row-major order; the greatest integer for one beyond.
  package func integer(at index: Int) -> Int {
    let size = element.size
    let start = offset + index * size
    var bits: UInt64 = 0
    for byte in 0..<size {
      bits = unsafe bits << 8 | UInt64(store.bytes[start + (isBigEndian ? byte : size - 1 - byte)])
    }
    switch element {
    case .unsigned: return Int(clamping: bits)
    case .signed:
      let unused = UInt64(64 - 8 * size)
      return Int(Int64(bitPattern: bits << unused) >> Int64(unused))
    }
  }
}

extension NumPyArray.Element {
  /// Whole numbers and flags; nil for floating-point numbers.
  init?(_ type: StoredType) {
    switch type {
    case .uint8, .uint16, .uint32, .uint64, .bool: self = .unsigned(bytes: type.width)
    case .int8, .int16, .int32, .int64: self = .signed(bytes: type.width)
    default: return nil
    }
  }
}
