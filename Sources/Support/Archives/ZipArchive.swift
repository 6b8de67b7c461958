import Foundation

/// The entries of a zip file, from its central directory; nothing is unpacked to disk.
///
/// Stored and deflated entries, zip64. Refused are encrypted entries, other compressions, names that lead
/// outside, overlapping entries, and entries that unpack to far more than they take.
///
///     local header + name + extra + data …, central directory, [zip64 record, locator], end record
package struct ZipArchive {
  /// One file inside the archive.
  package struct Entry: Sendable {
    package let name: String
    package let isDeflated: Bool
    /// Where its bytes lie in the file, compressed or not.
    package let range: Range<Int>
    /// Number of bytes once unpacked.
    package let count: Int
    package let checksum: UInt32
  }

  /// The entries, in the order of the directory.
  package let entries: [Entry]
  package let file: MappedFile
  private let byName: [String: Int]

  /// What an entry may unpack to, over what it takes: weights compress by a tenth, settings twentyfold.
  private static let maximumRatio = 64
  private static let freeBytes = 1 << 20

  /// The entry of that name.
  package subscript(name: String) -> Entry? { byName[name].map { entries[$0] } }

  /// Reads the directory of a zip file.
  /// - Throws: `InputError` if it is damaged or holds an entry that is refused.
  package init(_ file: MappedFile) throws {
    self.file = file
    let directory = try ZipDirectory(file)
    entries = try directory.records.map { try Self.entry($0, in: file, before: directory.start) }
    try Self.checkOverlap(entries, file.path)
    byName = Dictionary(
      entries.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { $1 })
    guard byName.count == entries.count else {
      throw InputError(file.path, "its zip directory names an entry twice")
    }
  }

  /// Checks one record of the directory against its local header.
  private static func entry(
    _ record: ZipDirectory.Record, in file: MappedFile, before end: Int
  ) throws -> Entry {
    let subject = "\(file.path): entry '\(record.name.prefix(200))'"
    guard isInside(record.name) else {
      throw InputError(subject, "leads outside the archive", "do not trust this file")
    }
    guard record.flags & 1 == 0, record.method != 99 else {
      throw InputError(subject, "is encrypted", "decrypt it first")
    }
    guard record.method == 0 || record.method == 8 else {
      throw InputError(subject, "is compressed by method \(record.method); known: stored, deflated")
    }
    guard record.packed >= 0, record.unpacked >= 0, record.header >= 0,
      record.header <= end - 30, unsafe loadWord(file.bytes, record.header) == 0x0403_4b50
    else { throw InputError(subject, "its local header is damaged", "fetch the file again") }
    let nameLength = unsafe Int(loadHalf(file.bytes, record.header + 26))
    let start =
      unsafe record.header + 30 + nameLength + Int(loadHalf(file.bytes, record.header + 28))
    guard start <= end, record.packed <= end - start else {
      throw InputError(subject, "reaches beyond the file", "fetch the file again")
    }
    guard record.method == 8 || record.packed == record.unpacked else {
      throw InputError(subject, "is stored but claims two sizes", "fetch the file again")
    }
    guard record.unpacked <= maximumRatio * record.packed + freeBytes else {
      throw InputError(
        subject, "would unpack from \(record.packed) to \(record.unpacked) bytes",
        "this is no honest checkpoint")
    }
    return Entry(
      name: record.name, isDeflated: record.method == 8, range: start..<start + record.packed,
      count: record.unpacked, checksum: record.checksum)
  }

  private static func isInside(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.contains("\\") && !name.contains("\0")
      && !name.split(separator: "/", omittingEmptySubsequences: false).contains("..")
  }

  private static func checkOverlap(_ entries: [Entry], _ path: String) throws {
    let sorted = entries.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw InputError(path, "its entries '\(first.name)' and '\(second.name)' overlap")
    }
  }

  /// The bytes of an entry, unpacked when they are asked for; their checksum is checked as NumPy and PyTorch do.
  ///
  /// - Parameters:
  ///   - entry: which.
  ///   - mayLackChecksum: whether a stored entry's checksum of zero means that there is none.
  /// - Returns: the bytes.
  package func storage(of entry: Entry, mayLackChecksum: Bool = false) -> any ByteStorage {
    let stored = MappedStorage(file: file, range: entry.range)
    let subject = "\(file.path): entry '\(entry.name)'"
    if entry.isDeflated {
      return DeflatedStorage(
        packed: stored, count: entry.count, checksum: entry.checksum, subject: subject)
    }
    guard entry.checksum != 0 || !mayLackChecksum else { return stored }
    return CheckedStorage(stored, checksum: entry.checksum, subject: subject)
  }
}

/// A little-endian 16-bit integer; `place` must be inside.
package func loadHalf(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt16 {
  unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self))
}

/// A little-endian 32-bit integer; `place` must be inside.
package func loadWord(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
  unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
}

/// A little-endian 64-bit integer, -1 when it exceeds `Int`; `place` must be inside.
package func loadLong(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Int {
  unsafe Int(
    exactly: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
    ?? -1
}
