import CZlib
import Foundation
import Support

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
      try body(UnsafeRawBufferPointer(rebasing: store.bytes[offset...]))
    }
  }

  /// Reads the file at `path`, which must have `dimensions` dimensions.
  /// - Throws: `InputError` when it is of another kind or its header does not match its length.
  init(_ path: String, dimensions: Int) throws {
    let file = try MappedFile(path)
    offset = 4 + 4 * dimensions
    guard file.bytes.starts(with: [0x1f, 0x8b]) else {
      shape = try IDXFile.shape(file.bytes, dimensions, path)
      store = file
      try checkLength(path)
      return
    }
    defer { withExtendedLifetime(file) {} }
    let header = try gunzipStart(file.unownedData, count: offset, subject: path)
    shape = try header.withUnsafeBytes { try IDXFile.shape($0, dimensions, path) }
    let needed = offset + IDXFile.product(shape)
    // Deflate cannot expand by more than 1,032, so a greater claim is a lie.
    guard needed / 1032 <= file.count else {
      throw IDXFile.lie(shape, path, "\(file.count) packed")
    }
    store = OwnedBytes(try gunzip(file.unownedData, limit: needed, subject: path))
    try checkLength(path)
  }

  /// The extents that a header claims.
  private static func shape(
    _ bytes: UnsafeRawBufferPointer, _ dimensions: Int, _ path: String
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
    else { throw lie(shape, path, "\(bytes.count)") }
    return shape
  }

  private func checkLength(_ path: String) throws {
    guard store.bytes.count == offset + IDXFile.product(shape) else {
      throw IDXFile.lie(shape, path, "\(store.bytes.count)")
    }
  }

  private static func product(_ shape: [Int]) -> Int { shape.reduce(1, *) }

  private static func lie(_ shape: [Int], _ path: String, _ size: String) -> InputError {
    InputError(
      path,
      "the header claims \(shape.map(String.init).joined(separator: "×")) values, the file has "
        + "\(size) bytes", "the file is incomplete or damaged; fetch it again")
  }
}

/// The first `count` bytes (or fewer, if there are no more) of a gzip file's content.
private func gunzipStart(_ data: Data, count: Int, subject: String) throws -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
    throw InputError(subject, "cannot be unpacked: out of memory")
  }
  defer { inflateEnd(&stream) }
  var status = Z_OK
  let content = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    data.withUnsafeBytes { source in
      stream.next_in = UnsafeMutablePointer(
        mutating: source.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(min(source.count, 1 << 20))
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(count)
      status = inflate(&stream, Z_SYNC_FLUSH)
    }
    filled = count - Int(stream.avail_out)
  }
  guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
    throw InputError(subject, "is no valid gzip data", "fetch the file again")
  }
  return content
}
