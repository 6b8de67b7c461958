import Foundation

/// Bytes of a file that tensors are views of, available on demand.
package protocol ByteStorage: Sendable {
  /// Number of bytes.
  var count: Int { get }
  /// Calls `body` with all the bytes.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
  /// Calls `body` with the first `length` bytes, or all when there are fewer.
  func withPrefix<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result
  /// Says that the bytes in `range` are not needed soon, so that their memory can go.
  func release(_ range: Range<Int>)
}

extension ByteStorage {
  package func withPrefix<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try unsafe withBytes { try unsafe body(UnsafeRawBufferPointer(rebasing: $0.prefix(length))) }
  }
}

/// A range of a mapped file.
package struct MappedStorage: ByteStorage {
  package let file: MappedFile
  package let range: Range<Int>

  package var count: Int { range.count }

  /// The bytes `range` of `file`.
  package init(file: MappedFile, range: Range<Int>) {
    self.file = file
    self.range = range
  }

  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
  {
    try unsafe body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
  }

  package func release(_ part: Range<Int>) {
    guard part.count >= 1 << 16 else { return }
    file.release(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
  }
}

/// Bytes that were made in memory: small arrays inside a pickle.
package struct MemoryStorage: ByteStorage {
  package let data: Data

  package var count: Int { data.count }

  /// The bytes of `data`.
  package init(data: Data) { self.data = data }

  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
  {
    try unsafe data.withUnsafeBytes(body)
  }

  package func release(_ part: Range<Int>) {}
}
