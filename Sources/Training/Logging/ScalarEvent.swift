import Foundation

/// Scalars of one step as TensorBoard's `Event` message (protocol buffers, `event.proto`).
struct ScalarEvent: Equatable {
  /// Seconds since 1970.
  var time: Double
  var step: Int
  /// Tags and values, in order; empty for the event that opens a file.
  var values: [(tag: String, value: Float)] = []

  /// What the first event of a file says instead of values.
  private static let version = "brain.Event:2"

  static func == (first: ScalarEvent, second: ScalarEvent) -> Bool {
    first.message == second.message
  }

  /// The message: time (1), step (2) unless 0, file version (3) or summary (5) with values (1) of
  /// tag (1) and simple value (2).
  var message: Data {
    var data = Self.fixed(1, time.bitPattern, wireType: 1)
    if step != 0 { data += Self.varint(2 << 3) + Self.varint(UInt64(step)) }
    guard !values.isEmpty else { return data + Self.block(3, Data(Self.version.utf8)) }
    let summary = values.reduce(into: Data()) { data, entry in
      let value =
        Self.block(1, Data(entry.tag.utf8)) + Self.fixed(2, entry.value.bitPattern, wireType: 5)
      data += Self.block(1, value)
    }
    return data + Self.block(5, summary)
  }

  /// The step of a message; 0 where it has none, nil if it is no message that we write.
  static func step(of message: Data) -> Int? {
    var rest = message[...]
    var step = 0
    while !rest.isEmpty {
      guard let key = takeVarint(&rest) else { return nil }
      switch (key >> 3, key & 7) {
      case (2, 0):
        guard let value = takeVarint(&rest), let number = Int(exactly: value) else { return nil }
        step = number
      case (_, 0): guard takeVarint(&rest) != nil else { return nil }
      case (_, 1): rest = rest.dropFirst(8)
      case (_, 2):
        guard let count = takeVarint(&rest), count <= rest.count else { return nil }
        rest = rest.dropFirst(Int(count))
      case (_, 5): rest = rest.dropFirst(4)
      default: return nil
      }
    }
    return step
  }

  private static func takeVarint(_ data: inout Data.SubSequence) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = data.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func varint(_ value: UInt64) -> Data {
    var (rest, data) = (value, Data())
    while rest >= 0x80 {
      data.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    data.append(UInt8(rest))
    return data
  }

  private static func block(_ field: UInt64, _ content: Data) -> Data {
    varint(field << 3 | 2) + varint(UInt64(content.count)) + content
  }

  private static func fixed(
    _ field: UInt64, _ bits: some FixedWidthInteger, wireType: UInt64
  ) -> Data {
    unsafe varint(field << 3 | wireType)
      + withUnsafeBytes(of: bits.littleEndian) { unsafe Data($0) }
  }
}
