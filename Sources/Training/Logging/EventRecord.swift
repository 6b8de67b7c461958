import Foundation
import Support

/// The framing of TensorBoard's event files (TFRecord): length, its checksum, content, its checksum.
///
/// Lengths are 64-bit, checksums 32-bit CRC-32C, masked as TensorFlow does; all little-endian.
enum EventRecord {
  /// What stands before and after the content.
  private static let headerLength = 12
  private static let footerLength = 4

  /// The record that holds `content`.
  static func framed(_ content: Data) -> Data {
    let length = bytes(of: UInt64(content.count))
    return length + bytes(of: masked(length)) + content + bytes(of: masked(content))
  }

  /// The contents of the whole records at the beginning of `file`, and where each record ends.
  ///
  /// - Parameter file: an event file, perhaps cut off anywhere.
  /// - Returns: the records up to the first that is cut short or damaged.
  static func whole(in file: Data) -> [(content: Data, end: Int)] {
    var records: [(content: Data, end: Int)] = []
    var start = 0
    while let record = record(in: file, at: start) {
      records.append(record)
      start = record.end
    }
    return records
  }

  private static func record(in file: Data, at start: Int) -> (content: Data, end: Int)? {
    guard file.count - start >= headerLength + footerLength else { return nil }
    let length = file[start..<start + 8]
    guard number(file[(start + 8)...].prefix(4)) == UInt64(masked(length)) else { return nil }
    let rest = file.count - start - headerLength - footerLength
    guard let count = Int(exactly: number(length)), count <= rest else { return nil }
    let content = file[start + headerLength..<start + headerLength + count]
    let end = start + headerLength + count + footerLength
    guard number(file[content.endIndex..<end]) == UInt64(masked(content)) else { return nil }
    return (Data(content), end)
  }

  /// TensorFlow rotates checksums and adds a constant: a CRC of data that holds CRCs is weak.
  private static func masked(_ content: Data) -> UInt32 {
    let checksum = CRC32C.checksum(content)
    return (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }

  private static func bytes(of number: some FixedWidthInteger) -> Data {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe Data($0) }
  }

  private static func number(_ bytes: Data) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
