import CZlib
import Foundation

/// Bytes whose CRC-32 is checked when they are first read.
///
/// What is known of the check is guarded by a lock.
final class CheckedStorage: ByteStorage, @unchecked Sendable {
  private let base: MappedStorage
  private let checksum: UInt32
  /// File and entry, for messages.
  private let subject: String
  private let lock = NSLock()
  private var isChecked = false

  /// Bytes that should have the given CRC-32.
  init(_ base: MappedStorage, checksum: UInt32, subject: String) {
    self.base = base
    self.checksum = checksum
    self.subject = subject
  }

  var count: Int { base.count }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try unsafe base.withBytes { bytes in
      try lock.withLock {
        if !isChecked { try unsafe checkSum(bytes, is: checksum, subject) }
        isChecked = true
      }
      return try unsafe body(bytes)
    }
  }

  /// The beginning alone, which no checksum covers.
  func withPrefix<Result>(
    _ length: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try unsafe base.withPrefix(length, body) }

  func release(_ range: Range<Int>) { base.release(range) }
}

/// Compares the CRC-32 of bytes with the one that a zip file states.
/// - Throws: `InputError` if they differ.
func checkSum(_ bytes: UnsafeRawBufferPointer, is stated: UInt32, _ subject: String) throws {
  let sum = unsafe crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  guard UInt32(truncatingIfNeeded: sum) == stated else {
    throw InputError(
      subject, "its checksum is wrong: the file is damaged", "fetch the file again")
  }
}

/// Bytes that several tensors share and that are costly to make: kept from the first use on.
///
/// What is kept is guarded by a lock.
package final class KeptStorage: ByteStorage, @unchecked Sendable {
  private let base: any ByteStorage
  private let lock = NSLock()
  private var content: Data?

  /// Keeps the bytes of another storage.
  package init(_ base: any ByteStorage) { self.base = base }

  package var count: Int { base.count }

  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let content = try lock.withLock {
      if let content = self.content { return content }
      let made = try unsafe base.withBytes { unsafe Data($0) }
      self.content = made
      return made
    }
    return try unsafe content.withUnsafeBytes(body)
  }

  package func release(_ range: Range<Int>) {}
}
