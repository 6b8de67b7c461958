import CZlib
import Foundation
import Support

/// Bytes that lie deflated in a file and are unpacked each time they are read.
struct DeflatedStorage: ByteStorage {
  let packed: MappedStorage
  /// Number of bytes once unpacked; no more are ever written.
  let count: Int
  /// CRC-32 of the unpacked bytes.
  let checksum: UInt32
  /// File and entry, for messages.
  let subject: String

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
    defer { buffer.deallocate() }
    let content = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    try packed.withBytes { try inflate($0, into: content) }
    packed.release(0..<packed.count)
    return try body(UnsafeRawBufferPointer(content))
  }

  func release(_ range: Range<Int>) {}

  private func inflate(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws {
    guard source.count < Int(UInt32.max), target.count < Int(UInt32.max) else {
      throw InputError(subject, "is larger than 4 GiB", "store it without compression")
    }
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    // A negative window means raw deflate data, without zlib's own header.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, size) == Z_OK else {
      throw InputError(subject, "cannot be unpacked: out of memory")
    }
    defer { inflateEnd(&stream) }
    // zlib does not write to its input; its interface is older than `const`.
    stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(source.count)
    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
    stream.avail_out = UInt32(target.count)
    guard CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END, stream.avail_out == 0 else {
      throw InputError(subject, "does not unpack to \(count) bytes", "fetch the file again")
    }
    let sum = crc32_z(0, target.bindMemory(to: UInt8.self).baseAddress, target.count)
    guard UInt32(truncatingIfNeeded: sum) == checksum else {
      throw InputError(subject, "its checksum is wrong", "fetch the file again")
    }
  }
}
