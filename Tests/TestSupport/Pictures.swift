import Foundation
import Support
import Testing
import Vision

/// A picture of random samples.
package func noisePicture(width: Int, height: Int, seed: UInt64 = 1) -> Image {
  var random = SystemlessRandom(state: seed)
  return Image(
    width: width, height: height,
    pixels: (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 33) })
}

/// A picture of random samples with the extents `61x47`.
package func noisePicture(_ shape: String) throws -> Image {
  let (width, height) = try extents(shape)
  return noisePicture(width: width, height: height)
}

/// Width and height of `61x47`.
package func extents(_ shape: String) throws -> (width: Int, height: Int) {
  let numbers = shape.split(separator: "x").compactMap { Int($0) }
  try #require(numbers.count == 2)
  return (numbers[0], numbers[1])
}

/// The first 16 hexadecimal digits of the SHA-256 of the pixels.
package func pixelHash(_ image: Image) -> String {
  String(SHA256.hex(of: Data(image.pixels)).prefix(16))
}

/// A linear congruential generator, so that test pictures do not depend on the code under test.
package struct SystemlessRandom: RandomNumberGenerator {
  package var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state
  }
}
