import Foundation
import TestSupport

@testable import Vision

/// Writes small data sets in the formats of other programs, from their descriptions alone.
enum DatasetFiles {
  /// Writes bytes to a new file, with the folders above it.
  static func write(_ bytes: [UInt8], _ folder: TemporaryFolder, _ name: String) throws {
    let url = URL(fileURLWithPath: folder.file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// CIFAR-10 records with the given labels; samples of record `r` are `r + channel`.
  static func cifarRecords(_ labels: [UInt8], from first: Int = 0) -> [UInt8] {
    labels.enumerated().flatMap { record, label in
      [label]
        + (0..<3).flatMap { channel in
          [UInt8](repeating: UInt8(first + record + channel), count: 1024)
        }
    }
  }

  /// An IDX file of bytes.
  static func idx(_ shape: [Int], _ values: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(shape.count)]
      + shape.flatMap { extent in (0..<4).map { UInt8(extent >> (24 - 8 * $0) & 0xff) } } + values
  }

  /// A gzip file (RFC 1952) with one stored block.
  static func gzip(_ content: [UInt8]) -> [UInt8] {
    let length = UInt16(content.count)
    let head: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]
    return head + littleEndian(length) + littleEndian(~length) + content
      + littleEndian(crc32(content)) + littleEndian(UInt32(content.count))
  }

  /// A `.npy` file.
  static func npy(
    _ descriptor: String, _ shape: [Int], _ values: [UInt8], version: UInt8 = 1,
    isFortranOrder: Bool = false
  ) -> [UInt8] {
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    var header =
      "{'descr': '\(descriptor)', 'fortran_order': \(isFortranOrder ? "True" : "False"), "
      + "'shape': (\(extents)), }"
    header += String(repeating: " ", count: 63 - (header.utf8.count + 12) % 64) + "\n"
    let count = header.utf8.count
    let length = version == 1 ? littleEndian(UInt16(count)) : littleEndian(UInt32(count))
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + values
  }

  static func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// CRC-32 of ISO 3309, bit by bit.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var crc: UInt32 = 0xffff_ffff
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  return ~crc
}
