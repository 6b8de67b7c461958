import Support

/// Samples that are dead or saturated, half of them each (salt and pepper).
enum ImpulseNoise: Corruption {
  static let kind = "impulse_noise"
  static let summary = "some samples black or white (salt and pepper)"

  static func share(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.01, 0.02, 0.03, 0.05, 0.07][setting.index]
    case .imageNet: [0.03, 0.06, 0.09, 0.17, 0.27][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withBits(image.pixels.count, &random) {
      unsafe replace(share(setting), of: image, draws: $0)
    }
  }

  /// Replaces a share of the samples, with 64 random bits for each: whether from the lower 32, the first bit by what.
  static func replace(_ share: Double, of image: Image, draws: UnsafePointer<UInt64>) -> Image {
    let bound = UInt64(share * 0x1p32)
    return unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe Image(width: image.width, height: image.height) { target in
        for sample in pixels.indices {
          let draw = unsafe draws[sample]
          let extreme: UInt8 = draw >> 63 == 1 ? 255 : 0
          unsafe target[sample] = unsafe draw & 0xffff_ffff < bound ? extreme : pixels[sample]
        }
      }
    }
  }
}
