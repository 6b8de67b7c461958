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
    try unsafe withUnpacked(count) { content in
      try unsafe checkSum(content, is: checksum, subject)
      return try unsafe body(content)
    }
  }

  /// The beginning alone, which no checksum covers.
  package func withPrefix<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try unsafe withUnpacked(min(length, count), body)
  }

  /// Unpacks the first `length` bytes into memory of its own, which goes back to the system afterwards.
  private func withUnpacked<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let size = max(length, 1)
    let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw InputError(subject, "cannot be unpacked: out of memory")
    }
    defer { unsafe munmap(address, size) }
    let content = unsafe UnsafeMutableRawBufferPointer(start: address, count: length)
    try unsafe packed.withBytes { try unsafe inflate($0, into: content) }
    packed.release(0..<packed.count)
    return try unsafe body(UnsafeRawBufferPointer(content))
  }

  package func release(_ range: Range<Int>) {}

  private func inflate(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws {
    var inflater = try unsafe Inflater(source, .raw, subject: subject)
    let written = try unsafe inflater.fill(target)
    // Of the beginning alone, the rest may be anything.
    guard written == target.count, inflater.isAtEnd || target.count < count else {
      throw InputError(subject, "does not unpack to \(count) bytes", "fetch the file again")
    }
  }
}
