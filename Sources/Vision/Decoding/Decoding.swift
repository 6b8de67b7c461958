import Foundation
import Support

/// The most that a decoder spends on one picture, whatever its header claims.
enum DecodingLimits {
  /// Greatest width and height.
  static let side = 1 << 14
  /// Greatest width times height: 192 MiB of samples.
  static let pixels = 1 << 26
  /// Width times height that any file may have, however small.
  static let freePixels = 1 << 24
  /// Beyond that, the most pixels for a byte of the file.
  static let pixelsPerByte = 1 << 10

  /// Greatest width times height for a file of `size` bytes.
  static func pixels(ofBytes size: Int) -> Int {
    min(pixels, max(freePixels, min(size, pixels) * pixelsPerByte))
  }

  /// Refuses a size that exceeds the limits.
  /// - Throws: `InputError` naming `subject`.
  static func check(width: Int, height: Int, ofBytes size: Int, from subject: String) throws {
    guard (1...side).contains(width), (1...side).contains(height) else {
      throw InputError(
        subject,
        "\(width)x\(height) pixels are none, or more than the \(side) a side that are read",
        "make the picture smaller, or remove the file")
    }
    guard width * height <= pixels(ofBytes: size) else {
      throw InputError(
        subject,
        "the header claims \(width)x\(height) pixels, too many for a file of \(size) bytes",
        "replace or remove the file")
    }
  }
}

/// The picture in a file of any known format, told by its first bytes and never by its name.
///
/// Alpha is dropped and grey repeated, as Pillow's `convert("RGB")` does; EXIF orientation is
/// ignored, as torchvision does.
/// - Throws: `InputError` naming `subject` when the data are of another kind, end early, are
///   damaged or claim more pixels than they can hold.
package func decodeImage(_ data: Data, from subject: String) throws -> Image {
  let start = [UInt8](data.prefix(imageFormatPrefix))
  if let format = imageFormat(start) { return try format.decode(data, from: subject) }
  guard !data.isEmpty else {
    throw InputError(subject, "the file is empty", "replace or remove it")
  }
  if let foreign = ForeignFormat(start) {
    throw InputError(subject, "is \(foreign.what), which is not read", foreign.remedy)
  }
  throw InputError(
    subject, "is no picture that is read (\(imageFormatNames))", "convert it to PNG or JPEG")
}

/// The picture in the file at `path`; see `decodeImage`.
package func readImage(_ path: String) throws -> Image {
  let file = try MappedFile(path)
  return try withExtendedLifetime(file) {
    try decodeImage(file.unownedData, from: FileNameText.visible(path))
  }
}

/// Wraps what a C decoder returned and frees it.
func adopt(_ pixels: UnsafeMutablePointer<UInt8>, width: UInt32, height: UInt32) -> Image {
  defer { unsafe free(pixels) }
  let count = Int(width) * Int(height) * 3
  return unsafe Image(width: Int(width), height: Int(height)) {
    unsafe $0.update(from: pixels, count: count)
  }
}

/// The text that a C decoder left in its message buffer.
func text(of message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

extension MappedFile {
  /// The content without a copy; usable as long as the file object lives.
  var unownedData: Data {
    guard let address = unsafe bytes.baseAddress else { return Data() }
    return unsafe Data(
      bytesNoCopy: UnsafeMutableRawPointer(mutating: address), count: count, deallocator: .none)
  }
}
