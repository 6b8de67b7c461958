import Foundation
import Support

/// The portable formats of Netpbm: bits, grey and colour, as text (P1 to P3) and as bytes (P4 to P6).
///
/// Debian's library for it reads files by name and ends the process when one is damaged. Samples of
/// another greatest value than 255 are scaled as Pillow does; of 16-bit grey the high byte is kept.
enum PNM: ImageFormat {
  static let name = "PPM"
  static let endings = ["ppm", "pgm", "pbm", "pnm"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    start.count >= 3 && start[0] == UInt8(ascii: "P") && (0x31...0x36).contains(start[1])
      && (isBlank(start[2]) || start[2] == UInt8(ascii: "#"))
  }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    var reader = AnymapReader(bytes: [UInt8](data), position: 2, subject: subject)
    let kind = Int(reader.bytes[1]) - 0x30
    let isText = kind <= 3
    let channels = kind == 3 || kind == 6 ? 3 : 1
    let (width, height) = (try reader.number(), try reader.number())
    let isBits = kind == 1 || kind == 4
    let greatest = isBits ? 1 : try reader.number()
    guard (1...65535).contains(greatest) else {
      throw reader.error("claims the greatest value \(greatest), outside 1…65535")
    }
    try DecodingLimits.check(width: width, height: height, ofBytes: data.count, from: subject)
    if kind == 4 { return try bits(&reader, width, height) }
    let levels = isBits ? [255, 0] : levels(greatest, isGrey: channels == 1)
    let count = width * height * channels
    let wide = greatest > 255
    if !isText {
      try reader.skipBlank()
      guard count * (wide ? 2 : 1) <= reader.bytes.count - reader.position else {
        throw reader.error("the file ends early")
      }
    } else if count > reader.bytes.count {
      throw reader.error("the file ends early")  // A sample takes at least a byte.
    }
    var samples: [UInt8] = []
    samples.reserveCapacity(count)
    for _ in 0..<count {
      let value = kind == 1 ? try reader.bit() : isText ? try reader.number() : reader.sample(wide)
      guard value <= greatest || !isText else {
        throw reader.error("has the value \(value), above its greatest, \(greatest)")
      }
      samples.append(levels[min(value, greatest)])
    }
    return unsafe samples.withUnsafeBufferPointer { samples in
      guard let base = samples.baseAddress, channels == 1 else {
        return unsafe Image(width: width, height: height, pixels: Array(samples))
      }
      return unsafe Image(width: width, height: height, grey: base)
    }
  }

  /// Rows of bits, the first in the highest, padded to bytes; 1 is black.
  private static func bits(_ reader: inout AnymapReader, _ width: Int, _ height: Int) throws
    -> Image
  {
    try reader.skipBlank()
    let stride = (width + 7) / 8
    guard stride * height <= reader.bytes.count - reader.position else {
      throw reader.error("the file ends early")
    }
    let start = reader.position
    let bytes = reader.bytes
    var grey: [UInt8] = []
    grey.reserveCapacity(width * height)
    for y in 0..<height {
      for x in 0..<width {
        let byte = bytes[start + y * stride + x / 8]
        grey.append(byte >> UInt8(7 - x % 8) & 1 == 1 ? 0 : 255)
      }
    }
    return unsafe grey.withUnsafeBufferPointer { grey in
      guard let base = grey.baseAddress else {
        return Image(width: width, height: height, pixels: [])
      }
      return unsafe Image(width: width, height: height, grey: base)
    }
  }

  /// What each value becomes: rounded to even as in Python.
  private static func levels(_ greatest: Int, isGrey: Bool) -> [UInt8] {
    (0...greatest).map { value in
      let share = Double(value) / Double(greatest)
      guard isGrey, greatest > 255 else {
        return UInt8((share * 255).rounded(.toNearestOrEven))
      }
      return UInt8(Int((share * 65535).rounded(.toNearestOrEven)) >> 8)
    }
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

/// Takes numbers off the front of a portable picture; comments run from `#` to the end of the line.
private struct AnymapReader {
  let bytes: [UInt8]
  var position: Int
  let subject: String

  func error(_ problem: String) -> InputError {
    InputError(subject, "unusable PPM: \(problem)", "replace or remove the file")
  }

  /// A whole number of at most ten digits.
  mutating func number() throws -> Int {
    try skipBlanks()
    let digits = bytes[position...].prefix(11).prefix { (0x30...0x39).contains($0) }
    position += digits.count
    let isEnded =
      position == bytes.count || PNM.isBlank(bytes[position])
      || bytes[position] == UInt8(ascii: "#")
    guard (1...10).contains(digits.count), isEnded,
      let number = Int(String(decoding: digits, as: UTF8.self))
    else { throw error("a number was expected at byte \(position)") }
    return number
  }

  /// A digit 0 or 1, which needs no blank after it.
  mutating func bit() throws -> Int {
    try skipBlanks()
    guard bytes[position] == 0x30 || bytes[position] == 0x31 else {
      throw error("0 or 1 was expected at byte \(position)")
    }
    defer { position += 1 }
    return Int(bytes[position]) - 0x30
  }

  /// A stored sample; the caller has checked that it is there.
  mutating func sample(_ isWide: Bool) -> Int {
    defer { position += isWide ? 2 : 1 }
    return isWide ? Int(bytes[position]) << 8 | Int(bytes[position + 1]) : Int(bytes[position])
  }

  /// The one blank between header and samples.
  mutating func skipBlank() throws {
    guard position < bytes.count else { throw error("the file ends early") }
    if bytes[position] == UInt8(ascii: "#") { skipComment() } else { position += 1 }
  }

  private mutating func skipBlanks() throws {
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        skipComment()
      } else if PNM.isBlank(bytes[position]) {
        position += 1
      } else {
        return
      }
    }
    throw error("the file ends early")
  }

  private mutating func skipComment() {
    while position < bytes.count, bytes[position] != 0x0a, bytes[position] != 0x0d { position += 1 }
    if position < bytes.count { position += 1 }
  }
}
