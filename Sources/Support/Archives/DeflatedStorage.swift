import CZlib
import Foundation

/// Bytes that lie deflated in a file and are unpacked each time they are read.
package struct DeflatedStorage: ByteStorage {
  let packed: MappedStorage
  /// Number of bytes once unpacked; no more are ever written.
  package let count: Int
  /// CRC-32 of the unpacked bytes.
  let checksum: UInt32
  /// File and entry, for messages.
  let subject: String

  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
  {
    try withUnpacked(count) { content in
      try checkSum(content, is: checksum, subject)
      return try body(content)
    }
  }

  /// The beginning alone, which no checksum covers.
  package func withPrefix<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try withUnpacked(min(length, count), body)
  }

  /// Unpacks the first `length` bytes into memory of its own, which goes back to the system afterwards.
  private func withUnpacked<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let size = max(length, 1)
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
      throw InputError(subject, "cannot be unpacked: out of memory")
    }
    defer { munmap(address, size) }
    let content = UnsafeMutableRawBufferPointer(start: address, count: length)
    try packed.withBytes { try inflate($0, into: content) }
    packed.release(0..<packed.count)
    return try body(UnsafeRawBufferPointer(content))
  }

  package func release(_ range: Range<Int>) {}

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
    let status = CZlib.inflate(&stream, Z_FINISH)
    let isWhole = status == Z_STREAM_END || target.count < count && status == Z_BUF_ERROR
    guard isWhole, stream.avail_out == 0 else {
      throw InputError(subject, "does not unpack to \(count) bytes", "fetch the file again")
    }
  }
}
