import CPNG
import Foundation
import Support

/// PNG, by libpng.
enum PNG: ImageFormat {
  static let name = "PNG"
  static let endings = ["png"]

  static func recognizes(_ start: [UInt8]) -> Bool { start.starts(with: [0x89, 0x50, 0x4e, 0x47]) }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    let decoded = try unsafe call(uk_png_decode, data, from: subject)
    return unsafe adopt(decoded.samples, width: decoded.width, height: decoded.height)
  }

  /// The stored values of a file with a palette or with grey values.
  static func decodeLabels(_ data: Data, from subject: String) throws -> LabelMap {
    let decoded = try unsafe call(uk_png_decode_indices, data, from: subject)
    defer { unsafe free(decoded.samples) }
    let count = Int(decoded.width) * Int(decoded.height)
    return unsafe LabelMap(
      width: Int(decoded.width), height: Int(decoded.height),
      labels: Array(UnsafeBufferPointer(start: decoded.samples, count: count)))
  }

  private typealias Decoder = (
    UnsafePointer<UInt8>?, Int, uk_png_limits, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?,
    UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<CChar>?
  ) -> Int32

  @safe private struct Decoded {
    let samples: UnsafeMutablePointer<UInt8>
    let width: UInt32
    let height: UInt32
  }

  private static func call(_ decoder: Decoder, _ data: Data, from subject: String) throws -> Decoded
  {
    var samples: UnsafeMutablePointer<UInt8>?
    var width: UInt32 = 0
    var height: UInt32 = 0
    var message = [CChar](repeating: 0, count: Int(UK_PNG_MESSAGE_SIZE))
    let limits = uk_png_limits(
      side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels(ofBytes: data.count)))
    let failed = unsafe data.withUnsafeBytes { bytes in
      unsafe decoder(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width,
        &height, &message)
    }
    guard failed == 0, let samples = unsafe samples else {
      throw InputError(
        subject, "unusable PNG: \(text(of: message))", "replace or remove the file")
    }
    return unsafe Decoded(samples: samples, width: width, height: height)
  }
}
