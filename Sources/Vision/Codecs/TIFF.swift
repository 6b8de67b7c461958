import CTIFF
import Foundation
import Support

/// TIFF, by libtiff: the first picture, turned upright as Pillow turns it.
enum TIFF: ImageFormat {
  static let name = "TIFF"
  static let endings = ["tif", "tiff"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    // With 43 for 42, files beyond 4 GiB.
    [[0x49, 0x49, 42, 0], [0x4d, 0x4d, 0, 42], [0x49, 0x49, 43, 0], [0x4d, 0x4d, 0, 43]]
      .contains { start.starts(with: $0) }
  }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    var samples: UnsafeMutablePointer<UInt8>?
    var width: UInt32 = 0
    var height: UInt32 = 0
    var message = [CChar](repeating: 0, count: Int(UK_TIFF_MESSAGE_SIZE))
    let limits = uk_tiff_limits(
      side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels(ofBytes: data.count)))
    let failed = unsafe data.withUnsafeBytes { bytes in
      unsafe uk_tiff_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width,
        &height, &message)
    }
    guard failed == 0, let samples = unsafe samples else {
      throw InputError(
        subject, "unusable TIFF: \(text(of: message))", "convert it to PNG, or replace the file")
    }
    return unsafe adopt(samples, width: width, height: height)
  }
}
