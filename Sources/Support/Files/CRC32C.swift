/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which zlib does not have.
package enum CRC32C {
  /// The remainders of all bytes, for the reflected polynomial.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
    }
  }

  /// The checksum of `bytes`.
  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    unsafe table.withUnsafeBufferPointer { table in
      ~bytes.reduce(~UInt32(0)) { unsafe $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xff)] }
    }
  }
}
