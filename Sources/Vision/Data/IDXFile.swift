import Foundation
import Support

/// The header of a file of the MNIST family, gzipped or not, before anything is unpacked.
struct IDXHeader: Sendable {
  let path: String
  /// The extents, outermost first.
  let shape: [Int]
  /// Where the values begin.
  let offset: Int
  fileprivate let file: MappedFile
  fileprivate let isPacked: Bool

  /// What a packed file may unpack to, over what it takes: pictures of digits take a fifth, labels a half.
  private static let greatestRatio = 64
  private static let freeBytes = 1 << 20

  /// Reads the header of the file at `path`, which must have `dimensions` dimensions.
  /// - Throws: `InputError` when it is of another kind, or claims more than the file can hold.
  init(_ path: String, dimensions: Int) throws {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let offset = 4 + 4 * dimensions
    let isPacked = unsafe file.bytes.starts(with: [0x1f, 0x8b])
    let start =
      unsafe isPacked
      ? try gunzipPrefix(file.unownedData, count: offset, subject: path)
      : [UInt8](file.bytes.prefix(offset))
    let shape = try IDXFile.shape(start, dimensions, path, size: file.count)
    let product = IDXFile.product(shape)
    let isJustified =
      isPacked
      ? (product - Self.freeBytes) / Self.greatestRatio <= file.count
      : file.count == offset + product
    guard isJustified else {
      throw IDXFile.lie(shape, path, isPacked ? "\(file.count) packed" : "\(file.count)")
    }
    (self.path, self.file, self.offset) = (path, file, offset)
    (self.shape, self.isPacked) = (shape, isPacked)
  }
}

/// A file of the MNIST family: unsigned bytes in a grid of one to three dimensions, gzipped or not.
struct IDXFile: Sendable {
  /// The extents, outermost first.
  let shape: [Int]
  /// Header and values.
  let store: any HeldBytes
  /// Where the values begin.
  let offset: Int

  /// Gives the values to `body`.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(store) {
      try unsafe body(UnsafeRawBufferPointer(rebasing: store.bytes[offset...]))
    }
  }

  /// The values after a header, unpacked to no more than it claims.
  /// - Throws: `InputError` when there are more or fewer.
  init(_ header: IDXHeader) throws {
    shape = header.shape
    offset = header.offset
    guard header.isPacked else {
      store = header.file
      return
    }
    let needed = offset + IDXFile.product(shape)
    let content = try withExtendedLifetime(header.file) {
      try gunzip(header.file.unownedData, limit: needed, subject: header.path)
    }
    guard content.count == needed else {
      throw IDXFile.lie(shape, header.path, "\(content.count)")
    }
    store = OwnedBytes(content)
  }

  /// The extents that a header claims.
  fileprivate static func shape(
    _ bytes: [UInt8], _ dimensions: Int, _ path: String, size: Int
  ) throws -> [Int] {
    guard bytes.count >= 4 + 4 * dimensions else {
      throw InputError(
        path, "ends within its header (\(bytes.count) bytes)", "fetch the file again")
    }
    guard Array(bytes.prefix(4)) == [0, 0, 8, UInt8(dimensions)] else {
      throw InputError(
        path, "is no IDX file of bytes with \(dimensions) dimension\(dimensions == 1 ? "" : "s")",
        "check that images and labels are not mixed up")
    }
    let shape = (0..<dimensions).map { axis in
      bytes[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
    }
    // Four-byte extents: two of them cannot overflow, a third can.
    guard shape.allSatisfy({ $0 > 0 }), shape.dropFirst().allSatisfy({ $0 <= DecodingLimits.side })
    else { throw lie(shape, path, "\(size)") }
    return shape
  }

  fileprivate static func product(_ shape: [Int]) -> Int { shape.reduce(1, *) }

  fileprivate static func lie(_ shape: [Int], _ path: String, _ size: String) -> InputError {
    InputError(
      path,
      "the header claims \(shape.map(String.init).joined(separator: "×")) values, the file has "
        + "\(size) bytes", "the file is incomplete or damaged; fetch it again")
  }
}
