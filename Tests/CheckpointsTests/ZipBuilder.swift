import Foundation

/// Builds zip files, honest or not, for the tests of the reader.
struct ZipBuilder {
  /// One entry with every field that a liar could change.
  struct Entry {
    var name: String
    var data: [UInt8]
    var flags: UInt16 = 0
    var method: UInt16 = 0
    /// Right for stored data when nil.
    var checksum: UInt32?
    var unpacked: UInt32?
    var header: UInt32?
  }

  /// The bytes of a zip file with these entries.
  static func bytes(_ entries: [Entry]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let start = UInt32(file.count)
      let name = Array(entry.name.utf8)
      let sizes =
        little(entry.checksum ?? sum(entry.data)) + little(UInt32(entry.data.count))
        + little(entry.unpacked ?? UInt32(entry.data.count))
      let common =
        little(UInt16(20)) + little(entry.flags) + little(entry.method)
        + little(UInt32(0)) + sizes + little(UInt16(name.count)) + little(UInt16(0))
      file += little(UInt32(0x0403_4b50)) + common + name + entry.data
      directory +=
        little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common
        + [UInt8](repeating: 0, count: 10) + little(entry.header ?? start) + name
    }
    let count = little(UInt16(entries.count))
    let end =
      little(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + count + count
      + little(UInt32(directory.count)) + little(UInt32(file.count)) + [0, 0]
    return file + directory + end
  }

  /// CRC-32, bit by bit.
  private static func sum(_ data: [UInt8]) -> UInt32 {
    ~data.reduce(~UInt32(0)) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1) * 0xedb8_8320 }
    }
  }

  private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }
}
