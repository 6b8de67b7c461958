import CWebP
import Foundation
import Support

/// WebP, by libwebp: lossy, lossless, with alpha; of an animation the first frame.
enum WebP: ImageFormat {
  static let name = "WebP"
  static let endings = ["webp"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    start.count >= 16 && start.starts(with: "RIFF".utf8)
      && start[8..<15].elementsEqual("WEBPVP8".utf8)
  }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    try unsafe data.withUnsafeBytes { bytes in
      let file = unsafe bytes.bindMemory(to: UInt8.self).baseAddress
      let damaged = InputError(
        subject, "unusable WebP: damaged, or the file ends early", "replace or remove the file")
      var width: Int32 = 0
      var height: Int32 = 0
      guard unsafe uk_webp_size(file, bytes.count, &width, &height) == 0 else { throw damaged }
      try DecodingLimits.check(
        width: Int(width), height: Int(height), ofBytes: bytes.count, from: subject)
      return try unsafe Image(width: Int(width), height: Int(height)) { pixels in
        guard unsafe uk_webp_decode(file, bytes.count, width, height, pixels) == 0 else {
          throw damaged
        }
      }
    }
  }
}
