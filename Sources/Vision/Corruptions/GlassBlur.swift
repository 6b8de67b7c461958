import Support

/// Frosted glass: a blur, pixels taken from neighbours at random, and the blur again.
///
/// The published scripts mean to swap pixels, but their two views share memory, so that the neighbour is copied
/// and stays as it is; so it is here. Pixels near the border stay, too.
enum GlassBlur: Corruption {
  static let kind = "glass_blur"
  static let summary = "frosted glass: pixels moved about between two blurs"

  /// The blur's deviation, the farthest way of a pixel, and how often pixels are moved.
  struct Strength {
    let deviation: Double
    let reach: Int
    let rounds: Int

    init(_ deviation: Double, _ reach: Int, _ rounds: Int) {
      (self.deviation, self.reach, self.rounds) = (deviation, reach, rounds)
    }
  }

  static func strength(_ setting: CorruptionSetting) -> Strength {
    switch setting.generator {
    case .cifar:
      [
        Strength(0.05, 1, 1), Strength(0.25, 1, 1), Strength(0.4, 1, 1), Strength(0.25, 1, 2),
        Strength(0.4, 1, 2),
      ][setting.index]
    case .imageNet:
      [
        Strength(0.7, 1, 2), Strength(0.9, 2, 1), Strength(1, 2, 3), Strength(1.1, 3, 2),
        Strength(1.5, 4, 2),
      ][setting.index]
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int {
    2 * strength(setting).reach + 2
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let strength = strength(setting)
    return unsafe withBits(image.width * image.height * strength.rounds, &random) {
      unsafe shatter(image, strength, draws: $0)
    }
  }

  /// The picture behind glass, with 64 random bits for each move: columns from the lower 32, rows from the upper.
  static func shatter(_ image: Image, _ strength: Strength, draws: UnsafePointer<UInt64>) -> Image {
    var moved = FloatPlanes(image).blurred(strength.deviation).image()
    let (width, height, reach) = (moved.width, moved.height, strength.reach)
    let choices = UInt64(2 * reach)
    var next = unsafe draws
    unsafe moved.pixels.withUnsafeMutableBufferPointer { pixels in
      for _ in 0..<strength.rounds {
        for y in stride(from: height - reach, to: reach, by: -1) {
          for x in stride(from: width - reach, to: reach, by: -1) {
            let across = unsafe Int(((next.pointee & 0xffff_ffff) * choices) >> 32) - reach
            let down = unsafe Int(((next.pointee >> 32) * choices) >> 32) - reach
            unsafe next += 1
            let (to, from) = (3 * (y * width + x), 3 * ((y + down) * width + x + across))
            for channel in 0..<3 { unsafe pixels[to + channel] = unsafe pixels[from + channel] }
          }
        }
      }
    }
    return FloatPlanes(moved).blurred(strength.deviation).image()
  }
}
