import Foundation
import Support

/// The most that a decoder spends on one picture, whatever its header claims.
enum DecodingLimits {
  /// Greatest width and height.
  static let side = 1 << 14
  /// Greatest width times height: 192 MiB of samples.
  static let pixels = 1 << 26
}

/// The picture in a PNG or JPEG file, told apart by the first bytes.
///
/// Alpha is dropped and grey repeated, as Pillow's `convert("RGB")` does; EXIF orientation is
/// ignored, as torchvision does.
/// - Throws: `InputError` naming `subject` when the data are of another kind, end early, are
///   damaged or claim more pixels than they can hold.
package func decodeImage(_ data: Data, from subject: String) throws -> Image {
  let signature = [UInt8](data.prefix(8))
  if signature.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return try decodePNG(data, from: subject) }
  if signature.starts(with: [0xff, 0xd8]) { return try decodeJPEG(data, from: subject) }
  throw InputError(
    subject, data.isEmpty ? "the file is empty" : "neither a PNG nor a JPEG file",
    "convert it to PNG or JPEG")
}

/// The picture in the file at `path`; see `decodeImage`.
package func readImage(_ path: String) throws -> Image {
  let file = try MappedFile(path)
  return try withExtendedLifetime(file) { try decodeImage(file.unownedData, from: path) }
}

/// Wraps what a C decoder returned and frees it.
func adopt(_ pixels: UnsafeMutablePointer<UInt8>, width: UInt32, height: UInt32) -> Image {
  defer { free(pixels) }
  let count = Int(width) * Int(height) * 3
  return Image(width: Int(width), height: Int(height)) { $0.update(from: pixels, count: count) }
}

/// The text that a C decoder left in its message buffer.
func text(of message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

extension MappedFile {
  /// The content without a copy; usable as long as the file object lives.
  var unownedData: Data {
    guard let address = bytes.baseAddress else { return Data() }
    return Data(
      bytesNoCopy: UnsafeMutableRawPointer(mutating: address), count: count, deallocator: .none)
  }
}
