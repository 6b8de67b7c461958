import Support

/// Normal noise that is the stronger the brighter a sample: `x + x·σ·n`, cut and truncated.
enum SpeckleNoise: Corruption {
  static let kind = "speckle_noise"
  static let summary = "normal noise in proportion to the brightness"
  static let isExtra = true

  static func deviation(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.06, 0.1, 0.12, 0.16, 0.2][setting.index]
    case .imageNet: [0.15, 0.2, 0.35, 0.45, 0.6][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withNormals(image.pixels.count, &random) {
      unsafe multiply(deviation(setting), image, draws: $0)
    }
  }

  /// The picture with a standard normal draw for each sample.
  static func multiply(
    _ deviation: Double, _ image: Image, draws: UnsafePointer<Float>
  ) -> Image {
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe Image(width: image.width, height: image.height) { target in
        for sample in pixels.indices {
          let value = unsafe Double(pixels[sample]) / 255
          unsafe target[sample] = unsafe truncated(
            value + value * (deviation * Double(draws[sample])))
        }
      }
    }
  }
}
