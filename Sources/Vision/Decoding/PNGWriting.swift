import CPNG
import Foundation

/// A PNG file of the picture.
package func encodePNG(_ image: Image) -> Data {
  encode(image.pixels, width: image.width, height: image.height, channels: 3)
}

/// A grey PNG file whose values are the labels.
package func encodePNG(_ map: LabelMap) -> Data {
  encode(map.labels, width: map.width, height: map.height, channels: 1)
}

private func encode(_ samples: [UInt8], width: Int, height: Int, channels: Int32) -> Data {
  var file: UnsafeMutablePointer<UInt8>?
  var size = 0
  var message = [CChar](repeating: 0, count: Int(UK_PNG_MESSAGE_SIZE))
  let failed = unsafe uk_png_encode(
    samples, UInt32(width), UInt32(height), channels, &file, &size, &message)
  guard failed == 0, let file = unsafe file else { fatalError("libpng: \(text(of: message))") }
  return unsafe Data(bytesNoCopy: file, count: size, deallocator: .free)
}
