import Support
import Tensors

/// Changes of a small real file that a reader must survive; a function of the seed.
///
/// Structure-aware where that costs nothing: lengths and counts of binary files get telling values of
/// their own size, numbers and words of text files other numbers and words.
struct Mutation {
  private var random: RandomStream

  /// Integers at which arithmetic breaks, and lengths that a header may claim.
  private static let telling: [UInt64] = [
    0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    1 << 32, 1 << 40, 1 << 53, 1 << 60, .max >> 1, 1 << 63, .max,
  ]

  /// Words that a text may hold where another is expected.
  private static let words = [
    "-1", "0", "1", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "1e308", "1e400", "-1e-320", "1e30", "0.5", "-0", "NaN", "Infinity",
    "null", "true", "\"\"", "[]", "{}", "[[[[[[", "\"\\u0000\"", "\"\\ud800\"", "'", ":", "\u{85}",
    "../../../x", "::error::x", "<f4", "|S0", "|O", "(1,", "True",
  ]

  init(seed: UInt64, name: String, round: Int) {
    random = RandomStream(seed: seed, purpose: "fuzz \(name)", round)
  }

  /// The file with one to five changes.
  mutating func applied(to file: [UInt8], beside other: [UInt8]) -> [UInt8] {
    var bytes = file
    let isText = !file.prefix(512).contains { $0 < 9 || $0 > 0xf7 }
    for _ in 0...random.below(5) {
      if isText, random.below(3) > 0 { changeText(&bytes) } else { changeBytes(&bytes, other) }
    }
    return bytes
  }

  private mutating func changeBytes(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else { return bytes.append(contentsOf: other.prefix(16)) }
    let place = random.below(bytes.count)
    let length = 1 + random.below([4, 64, 4096][random.below(3)])
    let end = min(bytes.count, place + length)
    switch random.below(8) {
    case 0: bytes[place] ^= UInt8(1 << random.below(8))
    case 1: bytes[place] = UInt8(random.below(256))
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
    case 4: bytes.removeSubrange(place...)
    case 5:
      let start = random.below(max(1, other.count))
      bytes.replaceSubrange(place..<end, with: other[start...].prefix(length))
    default: setNumber(&bytes, at: place)
    }
  }

  /// Writes a telling number of one to eight bytes, in either order.
  private mutating func setNumber(_ bytes: inout [UInt8], at place: Int) {
    let size = 1 << random.below(4)
    var value = Self.telling[random.below(Self.telling.count)]
    if random.below(3) == 0 { value &-= UInt64(random.below(9)) }
    if random.below(4) == 0 { value = value.byteSwapped >> UInt64(64 - 8 * size) }
    for index in 0..<size where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  /// Replaces, repeats or removes a word, a line or a number.
  private mutating func changeText(_ bytes: inout [UInt8]) {
    let parts = tokens(of: bytes)
    guard !parts.isEmpty else { return }
    let part = parts[random.below(parts.count)]
    let other = Array(bytes[parts[random.below(parts.count)]])
    let word = Array(Self.words[random.below(Self.words.count)].utf8)
    switch random.below(4) {
    case 0: bytes.replaceSubrange(part, with: other)
    case 1: bytes.insert(contentsOf: other, at: part.lowerBound)
    case 2: bytes.removeSubrange(part)
    default: bytes.replaceSubrange(part, with: word)
    }
  }

  /// Runs of letters and digits, and the marks between them.
  private func tokens(of bytes: [UInt8]) -> [Range<Int>] {
    var tokens: [Range<Int>] = []
    var start = 0
    for index in bytes.indices {
      let isWord = isWordByte(bytes[index])
      if index > start, !isWord || !isWordByte(bytes[index - 1]) {
        tokens.append(start..<index)
        start = index
      }
    }
    if start < bytes.count { tokens.append(start..<bytes.count) }
    return tokens
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
      || [0x2e, 0x5f, 0x2d, 0x2b].contains(byte)
  }
}
