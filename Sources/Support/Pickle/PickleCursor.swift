import Foundation

/// Reads the parts of a pickle stream in order, never beyond its end.
@safe struct PickleCursor {
  let bytes: UnsafeRawBufferPointer
  /// The file, for messages.
  let subject: String
  /// The next byte.
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer, subject: String) {
    unsafe self.bytes = unsafe bytes
    self.subject = subject
  }

  /// Where the next `count` bytes lie; moves past them.
  mutating func take(_ count: Int) throws -> Range<Int> {
    guard count >= 0, unsafe count <= bytes.count - position else {
      throw InputError(
        subject, unsafe "its pickle ends early, at byte \(bytes.count)",
        "the download is incomplete; fetch it again")
    }
    defer { position += count }
    return position..<position + count
  }

  /// A little-endian integer.
  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) throws -> Value {
    let place = try take(MemoryLayout<Value>.size).lowerBound
    return unsafe Value(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Value.self))
  }

  /// The next byte.
  mutating func byte() throws -> UInt8 { try integer(UInt8.self) }

  /// A length of 1, 4 or 8 bytes.
  mutating func length<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) throws -> Int {
    guard let length = Int(exactly: try integer(Value.self)), length >= 0 else {
      throw InputError(subject, "its pickle claims an impossible length")
    }
    return length
  }

  /// A big-endian double, as pickles store them.
  mutating func double() throws -> Double {
    Double(bitPattern: try integer(UInt64.self).byteSwapped)
  }

  /// `count` bytes of UTF-8; what is not valid becomes replacement characters.
  mutating func text(_ count: Int) throws -> String {
    let range = try take(count)
    return unsafe String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  /// The text up to the next line feed, which is skipped.
  mutating func line() throws -> String {
    let rest = unsafe bytes[position...]
    guard let end = unsafe rest.prefix(1 << 16).firstIndex(of: UInt8(ascii: "\n")) else {
      throw InputError(subject, "its pickle ends inside a line or the line is too long")
    }
    let text = try text(end - position)
    position += 1
    return text
  }
}
