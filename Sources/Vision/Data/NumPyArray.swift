import Foundation
import Support

/// A `.npy` file (format versions 1 to 3): an array of whole numbers, mapped into memory.
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

  /// Where it was read from.
  package let path: String
  /// The extents, outermost first; empty for a single value.
  package let shape: [Int]
  /// What an element is.
  package let element: Element
  /// Whether an element's first byte is its greatest.
  let isBigEndian: Bool
  let file: MappedFile
  /// Where the elements begin.
  let offset: Int

  /// Number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// Gives the elements' bytes, row-major, to `body`.
  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(file) {
      try body(UnsafeRawBufferPointer(rebasing: file.bytes[offset...]))
    }
  }

  /// Maps the file at `path`.
  /// - Throws: `InputError` when it is no such file, holds other elements than whole numbers, is
  ///   in Fortran order, or its length is not what the header claims.
  package init(_ path: String) throws {
    self.path = path
    file = try MappedFile(path)
    let text = try NumPyArray.headerText(file)
    let header = try NumPyDictionary(text.header, subject: path)
    offset = text.end
    shape = header.shape
    (element, isBigEndian) = try NumPyArray.element(header.descriptor ?? "of several fields", path)
    guard !header.isFortranOrder || shape.count < 2 else {
      throw InputError(
        path, "is in Fortran order", "save it with numpy.save(file, numpy.ascontiguousarray(a))")
    }
    var size = element.size
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw NumPyArray.lie(shape, file.count, path) }
      size = product
    }
    guard file.count - offset == size else { throw NumPyArray.lie(shape, file.count, path) }
  }

  /// The element at `index` in row-major order.
  package func integer(at index: Int) -> Int {
    let size = element.size
    let start = offset + index * size
    var bits: UInt64 = 0
    for byte in 0..<size {
      bits = bits << 8 | UInt64(file.bytes[start + (isBigEndian ? byte : size - 1 - byte)])
    }
    switch element {
    case .unsigned: return Int(clamping: bits)
    case .signed:
      let unused = UInt64(64 - 8 * size)
      return Int(Int64(bitPattern: bits << unused) >> Int64(unused))
    }
  }

  /// The header's dictionary and where it ends.
  private static func headerText(_ file: MappedFile) throws -> (header: String, end: Int) {
    let bytes = file.bytes
    guard bytes.count >= 12, bytes.prefix(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
      throw InputError(file.path, "is no .npy file", "save the array with numpy.save")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else {
      throw InputError(file.path, "has .npy version \(version)", "save it as version 1, 2 or 3")
    }
    let start = version == 1 ? 10 : 12
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= 1 << 16, start + length <= bytes.count else {
      throw InputError(
        file.path, "the header claims \(length) bytes of \(bytes.count)", "fetch the file again")
    }
    let text = String(decoding: bytes[start..<start + length], as: UTF8.self)
    return (text, start + length)
  }

  private static func element(_ text: String, _ path: String) throws -> (Element, Bool) {
    let isBigEndian = text.hasPrefix(">")
    let element: Element? =
      switch text.dropFirst() {
      case "u1", "b1": .unsigned(bytes: 1)
      case "u2": .unsigned(bytes: 2)
      case "u4": .unsigned(bytes: 4)
      case "u8": .unsigned(bytes: 8)
      case "i1": .signed(bytes: 1)
      case "i2": .signed(bytes: 2)
      case "i4": .signed(bytes: 4)
      case "i8": .signed(bytes: 8)
      default: nil
      }
    guard let element, "<>|=".contains(text.prefix(1)) else {
      throw InputError(path, "holds elements of type '\(text)'", "save whole numbers")
    }
    return (element, isBigEndian)
  }

  private static func lie(_ shape: [Int], _ size: Int, _ path: String) -> InputError {
    InputError(
      path,
      "the header claims shape (\(shape.map(String.init).joined(separator: ", "))), which does not "
        + "fit the file's \(size) bytes", "the file is incomplete or damaged; fetch it again")
  }
}
