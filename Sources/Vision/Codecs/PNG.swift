import CPNG
import Foundation
import Support

/// The picture in a PNG file; see `decodeImage`.
func decodePNG(_ data: Data, from subject: String) throws -> Image {
  let decoded = try callDecoder(uk_png_decode, data, from: subject)
  return adopt(decoded.samples, width: decoded.width, height: decoded.height)
}

/// A map of 8-bit labels, one a pixel, rows from the top.
package struct LabelMap: Sendable, Equatable {
  /// Number of columns.
  package let width: Int
  /// Number of rows.
  package let height: Int
  /// `height × width` labels.
  package var labels: [UInt8]

  /// A map with the given labels, of which there must be `width × height`.
  package init(width: Int, height: Int, labels: [UInt8]) {
    precondition(
      labels.count == width * height, "\(labels.count) labels for a map of \(width)×\(height)")
    self.width = width
    self.height = height
    self.labels = labels
  }
}

/// The stored values of a PNG file with a palette (its indices) or with grey values.
/// - Throws: `InputError` naming `subject`, also for a file that holds colours.
package func decodeLabelMap(_ data: Data, from subject: String) throws -> LabelMap {
  let decoded = try callDecoder(uk_png_decode_indices, data, from: subject)
  defer { free(decoded.samples) }
  let count = Int(decoded.width) * Int(decoded.height)
  return LabelMap(
    width: Int(decoded.width), height: Int(decoded.height),
    labels: Array(UnsafeBufferPointer(start: decoded.samples, count: count)))
}

/// A PNG file of the picture.
package func encodePNG(_ image: Image) -> Data {
  encode(image.pixels, width: image.width, height: image.height, channels: 3)
}

/// A grey PNG file whose values are the labels.
package func encodePNG(_ map: LabelMap) -> Data {
  encode(map.labels, width: map.width, height: map.height, channels: 1)
}

private typealias Decoder = (
  UnsafePointer<UInt8>?, Int, uk_png_limits, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?,
  UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<CChar>?
) -> Int32

private struct Decoded {
  let samples: UnsafeMutablePointer<UInt8>
  let width: UInt32
  let height: UInt32
}

private func callDecoder(_ decoder: Decoder, _ data: Data, from subject: String) throws -> Decoded {
  var samples: UnsafeMutablePointer<UInt8>?
  var width: UInt32 = 0
  var height: UInt32 = 0
  var message = [CChar](repeating: 0, count: Int(UK_PNG_MESSAGE_SIZE))
  let limits = uk_png_limits(
    side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels))
  let failed = data.withUnsafeBytes { bytes in
    decoder(
      bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width, &height,
      &message)
  }
  guard failed == 0, let samples else {
    throw InputError(
      subject, "unusable PNG: \(text(of: message))", "replace or remove the file")
  }
  return Decoded(samples: samples, width: width, height: height)
}

private func encode(_ samples: [UInt8], width: Int, height: Int, channels: Int32) -> Data {
  var file: UnsafeMutablePointer<UInt8>?
  var size = 0
  var message = [CChar](repeating: 0, count: Int(UK_PNG_MESSAGE_SIZE))
  let failed = uk_png_encode(
    samples, UInt32(width), UInt32(height), channels, &file, &size, &message)
  guard failed == 0, let file else { fatalError("libpng: \(text(of: message))") }
  return Data(bytesNoCopy: file, count: size, deallocator: .free)
}
