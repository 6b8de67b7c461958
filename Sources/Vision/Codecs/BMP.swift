import Foundation
import Support

/// Windows' and OS/2's bitmaps: palettes of 1, 4 and 8 bits (also run-length coded), 16, 24 and 32 bits.
///
/// Debian has no small library for it. What is read, and what it becomes, is what Pillow does.
enum BMP: ImageFormat {
  static let name = "BMP"
  static let endings = ["bmp", "dib"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    guard start.count >= 18, start.starts(with: "BM".utf8) else { return false }
    return BitmapHeader.sizes.contains(Int(start[14])) && start[15...17].allSatisfy { $0 == 0 }
  }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    let file = ByteReader(data)
    let header = try BitmapHeader(file, subject: subject)
    try DecodingLimits.check(
      width: header.width, height: header.height, ofBytes: data.count, from: subject)
    let rows =
      header.isRunLengthCoded
      ? try BitmapRuns.indices(file, header, subject) : try indicesOrNil(file, header, subject)
    if let rows { return try picture(rows, header, subject) }
    return try colours(file, header, subject)
  }

  /// The palette indices of an uncoded picture, rows as stored; nil for one of colours.
  private static func indicesOrNil(
    _ file: ByteReader, _ header: BitmapHeader, _ subject: String
  ) throws -> [UInt8]? {
    guard header.bits <= 8 else { return nil }
    let stride = try stride(file, header, subject)
    let perByte = 8 / header.bits
    let mask = UInt8((1 << header.bits) - 1)
    var indices: [UInt8] = []
    indices.reserveCapacity(header.width * header.height)
    for row in 0..<header.height {
      let start = header.pixels + row * stride
      for x in 0..<header.width {
        let shift = 8 - header.bits * (x % perByte + 1)
        indices.append(file.bytes[start + x / perByte] >> UInt8(shift) & mask)
      }
    }
    return indices
  }

  /// Bytes from one row to the next, after checking that all rows are there.
  private static func stride(
    _ file: ByteReader, _ header: BitmapHeader, _ subject: String
  ) throws -> Int {
    let stride = (header.width * header.bits + 31) / 32 * 4
    // The last row may lack its padding.
    let needed = stride * (header.height - 1) + (header.width * header.bits + 7) / 8
    guard header.pixels <= file.count, needed <= file.count - header.pixels else {
      throw InputError(subject, "unusable BMP: the file ends early", "replace or remove the file")
    }
    return stride
  }

  private static func picture(
    _ indices: [UInt8], _ header: BitmapHeader, _ subject: String
  ) throws -> Image {
    let palette = header.palette
    return unsafe Image(width: header.width, height: header.height) { target in
      unsafe indices.withUnsafeBufferPointer { indices in
        for y in 0..<header.height {
          let source = header.storedRow(y) * header.width
          for x in 0..<header.width {
            let colour = unsafe palette[Int(indices[source + x])]
            let place = 3 * (y * header.width + x)
            unsafe target[place] = colour.0
            unsafe target[place + 1] = colour.1
            unsafe target[place + 2] = colour.2
          }
        }
      }
    }
  }

  private static func colours(
    _ file: ByteReader, _ header: BitmapHeader, _ subject: String
  ) throws -> Image {
    let stride = try stride(file, header, subject)
    let masks = try header.masks(subject)
    let size = header.bits / 8
    return unsafe Image(width: header.width, height: header.height) { target in
      unsafe file.bytes.withUnsafeBufferPointer { bytes in
        for y in 0..<header.height {
          let row = header.pixels + header.storedRow(y) * stride
          for x in 0..<header.width {
            var value: UInt32 = 0
            for byte in 0..<size {
              unsafe value |= UInt32(bytes[row + x * size + byte]) << (8 * byte)
            }
            for (channel, mask) in masks.enumerated() {
              unsafe target[3 * (y * header.width + x) + channel] = mask.scaled(value)
            }
          }
        }
      }
    }
  }
}

/// The bits of a pixel that hold one colour.
struct BitmapMask {
  let shift: UInt32
  let greatest: UInt32

  /// The bits that are set in `mask`, which lie side by side.
  init(_ mask: UInt32) {
    shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
    greatest = mask >> shift
  }

  /// The colour of a pixel, 0 to 255.
  func scaled(_ value: UInt32) -> UInt8 {
    let bits = value >> shift & greatest
    return greatest == 255 ? UInt8(bits) : greatest == 0 ? 0 : UInt8(bits * 255 / greatest)
  }
}

/// What precedes the pixels of a bitmap.
struct BitmapHeader {
  /// The known lengths of the header: of OS/2 (12, 64) and of Windows.
  static let sizes = [12, 40, 52, 56, 64, 108, 124]

  let width: Int
  let height: Int
  /// Bits of a pixel.
  let bits: Int
  /// Where the pixels begin.
  let pixels: Int
  /// Whether the first row is the top one.
  let isTopDown: Bool
  /// 256 colours, for pictures of at most 8 bits; absent ones are black.
  private(set) var palette: [(UInt8, UInt8, UInt8)] = []
  let compression: Int
  private let fieldMasks: [UInt32]

  init(_ file: ByteReader, subject: String) throws {
    let early = InputError(
      subject, "unusable BMP: the file ends early", "replace or remove the file")
    guard let size = file.word(14), let offset = file.word(10) else { throw early }
    let isOld = size == 12
    guard let width = isOld ? file.half(18) : file.word(18),
      let height = isOld ? file.half(20) : file.word(22),
      let bits = file.half(isOld ? 24 : 28),
      let compression = isOld ? 0 : file.word(30), let used = isOld ? 0 : file.word(46)
    else { throw early }
    isTopDown = !isOld && height >> 24 == 0xff
    self.width = width
    self.height = isTopDown ? (1 << 32) - height : height
    self.bits = bits
    self.compression = compression
    var end = 14 + size
    guard [1, 4, 8, 16, 24, 32].contains(bits) else {
      throw InputError(
        subject, "is a BMP of \(bits) bits a pixel, which is not read", "convert it to PNG")
    }
    guard [0, 1, 2, 3].contains(compression), compression != 1 || bits == 8,
      compression != 2 || bits == 4, compression != 3 || bits >= 16
    else {
      throw InputError(
        subject, "is a BMP of \(bits) bits in compression \(compression), which is not read",
        "convert it to PNG")
    }
    var masks: [UInt32] = []
    if compression == 3 {
      // Longer headers hold the masks, the one of 40 bytes is followed by them.
      let count = size >= 56 ? 4 : 3
      let found = (0..<count).compactMap { file.word(54 + 4 * $0) }
      guard found.count == count else { throw early }
      masks = found.map { UInt32($0) }
      if size == 40 { end += 12 }
    }
    fieldMasks = masks
    let entry = isOld ? 3 : 4
    let colours = used == 0 ? 1 << bits : used
    // Some programs say that the pixels follow the header, and write the palette there.
    pixels =
      offset == 0 ? end : offset == 14 + size && bits <= 8 ? offset + entry * colours : offset
    guard bits <= 8 else { return }
    guard (1...65536).contains(colours) else {
      throw InputError(
        subject, "unusable BMP: a palette of \(colours) colours", "replace or remove the file")
    }
    palette = [(UInt8, UInt8, UInt8)](repeating: (0, 0, 0), count: 256)
    for index in 0..<min(256, colours) {
      let place = end + entry * index
      guard let blue = file.byte(place), let green = file.byte(place + 1),
        let red = file.byte(place + 2)
      else { throw early }
      palette[index] = (UInt8(red), UInt8(green), UInt8(blue))
    }
  }

  var isRunLengthCoded: Bool { compression == 1 || compression == 2 }

  /// Which of the stored rows is row `y` from the top.
  func storedRow(_ y: Int) -> Int { isTopDown ? y : height - 1 - y }

  /// Where red, green and blue lie in a pixel of 16, 24 or 32 bits.
  func masks(_ subject: String) throws -> [BitmapMask] {
    let usual: [UInt32] = bits == 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
    guard compression == 3, fieldMasks.contains(where: { $0 != 0 }) else {
      return usual.map { BitmapMask($0) }
    }
    let colours = Array(fieldMasks.prefix(3))
    let known: [[UInt32]] =
      bits == 16
      ? [[0xf800, 0x7e0, 0x1f], usual]
      : bits == 24
        ? [usual]
        : [
          usual, [0xff00_0000, 0xff0000, 0xff00], [0xff00_0000, 0xff00, 0xff],
          [0xff, 0xff00, 0xff0000],
        ]
    guard known.contains(colours) else {
      throw InputError(
        subject, "is a BMP whose colours lie in unusual bits, which is not read",
        "convert it to PNG")
    }
    return colours.map { BitmapMask($0) }
  }
}

/// Run-length coded palette indices.
enum BitmapRuns {
  /// The indices, rows as stored.
  /// - Throws: `InputError` when the runs end before the picture.
  static func indices(_ file: ByteReader, _ header: BitmapHeader, _ subject: String) throws
    -> [UInt8]
  {
    let isFourBit = header.compression == 2
    let total = header.width * header.height
    var out: [UInt8] = []
    out.reserveCapacity(total)
    var place = header.pixels
    var x = 0
    func halves(_ byte: Int, _ index: Int) -> UInt8 {
      UInt8(isFourBit ? (index.isMultiple(of: 2) ? byte >> 4 : byte & 15) : byte)
    }
    loop: while out.count < total {
      guard let length = file.byte(place), let value = file.byte(place + 1) else { break }
      place += 2
      switch (length, value) {
      case (1..., _):
        let run = min(length, max(0, header.width - x))
        for index in 0..<run { out.append(halves(value, index)) }
        x += run
      case (_, 0):
        while !out.count.isMultiple(of: header.width) { out.append(0) }
        x = 0
      case (_, 1): break loop
      case (_, 2):
        guard let right = file.byte(place), let up = file.byte(place + 1) else { break loop }
        place += 2
        let skipped = min(total - out.count, right + up * header.width)
        out.append(contentsOf: repeatElement(0, count: skipped))
        x = out.count % header.width
      default:
        let count = min(total - out.count, value)
        let bytes = isFourBit ? (count + 1) / 2 : count
        guard place + bytes <= file.count else { break loop }
        for index in 0..<count {
          out.append(halves(Int(file.bytes[place + (isFourBit ? index / 2 : index)]), index))
        }
        place += bytes
        x += value
        if !place.isMultiple(of: 2) { place += 1 }
      }
    }
    guard out.count >= total else {
      throw InputError(subject, "unusable BMP: the file ends early", "replace or remove the file")
    }
    return Array(out.prefix(total))
  }
}
