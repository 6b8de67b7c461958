import CGIF
import Foundation
import Support

/// GIF, by giflib: the first frame.
enum GIF: ImageFormat {
  static let name = "GIF"
  static let endings = ["gif"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    start.starts(with: "GIF87a".utf8) || start.starts(with: "GIF89a".utf8)
  }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    var samples: UnsafeMutablePointer<UInt8>?
    var width: UInt32 = 0
    var height: UInt32 = 0
    var message = [CChar](repeating: 0, count: Int(UK_GIF_MESSAGE_SIZE))
    let limits = uk_gif_limits(
      side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels(ofBytes: data.count)))
    let failed = unsafe data.withUnsafeBytes { bytes in
      unsafe uk_gif_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width,
        &height, &message)
    }
    guard failed == 0, let samples = unsafe samples else {
      throw InputError(
        subject, "unusable GIF: \(text(of: message))", "replace or remove the file")
    }
    return unsafe adopt(samples, width: width, height: height)
  }
}
