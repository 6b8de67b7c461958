import Foundation
import Support

/// A format of picture files, known by the content's first bytes.
///
/// To add one, put a file with a conforming type of the file's name into `Codecs/`.
package protocol ImageFormat: Sendable {
  /// What people call it.
  static var name: String { get }
  /// The endings of file names that are taken for pictures, in lower case.
  static var endings: [String] { get }
  /// Whether a file with these first bytes (at most `imageFormatPrefix`) is of the format.
  static func recognizes(_ start: [UInt8]) -> Bool
  /// The picture as 8-bit RGB: the very samples that Pillow's `convert("RGB")` gives.
  ///
  /// Memory and time are bounded by the limits, which depend on the number of bytes.
  /// - Throws: `InputError` naming `subject` when the data are damaged, end early, or claim more than
  ///   they can hold.
  static func decode(_ data: Data, from subject: String) throws -> Image
}

/// How many bytes of a file tell its format.
package let imageFormatPrefix = 64

/// The endings of files that are taken for pictures, in lower case.
package let pictureEndings: Set<String> = Set(allImageFormats.flatMap { $0.endings })

/// The formats that are read, for messages.
package let imageFormatNames = allImageFormats.map { $0.name }.joined(separator: ", ")

/// The format of data with these first bytes; nil for another kind.
func imageFormat(_ start: [UInt8]) -> (any ImageFormat.Type)? {
  allImageFormats.first { $0.recognizes(start) }
}

/// The format of the file at `path`; nil when it is no picture or cannot be read.
func imageFormat(ofFile path: String) -> (any ImageFormat.Type)? {
  guard let file = try? MappedFile(path) else { return nil }
  return withExtendedLifetime(file) {
    unsafe imageFormat([UInt8](file.bytes.prefix(imageFormatPrefix)))
  }
}
