import CJPEG
import Foundation
import Support

/// The picture in a JPEG file; see `decodeImage`.
func decodeJPEG(_ data: Data, from subject: String) throws -> Image {
  var samples: UnsafeMutablePointer<UInt8>?
  var width: UInt32 = 0
  var height: UInt32 = 0
  var message = [CChar](repeating: 0, count: Int(UK_JPEG_MESSAGE_SIZE))
  let limits = uk_jpeg_limits(
    side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels))
  let failed = data.withUnsafeBytes { bytes in
    uk_jpeg_decode(
      bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width, &height,
      &message)
  }
  guard failed == 0, let samples else {
    throw InputError(
      subject, "unusable JPEG: \(text(of: message))", "replace or remove the file")
  }
  return adopt(samples, width: width, height: height)
}
