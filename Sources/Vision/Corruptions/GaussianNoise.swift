import Support

/// Independent normal noise on every sample, as of a sensor in bad light.
///
/// `x + σ·n` for samples x in [0, 1], cut to [0, 1], times 255 and truncated, as the scripts of Hendrycks and
/// Dietterich 2019 do (`make_cifar_c`, `make_imagenet_c`).
enum GaussianNoise: Corruption {
  static let kind = "gaussian_noise"
  static let summary = "independent normal noise on every sample"

  /// The standard deviation of the noise, where white is 1.
  static func deviation(severity: Int, generator: CorruptionGenerator) -> Double {
    switch generator {
    case .cifar: [0.04, 0.06, 0.08, 0.09, 0.10][severity - 1]
    case .imageNet: [0.08, 0.12, 0.18, 0.26, 0.38][severity - 1]
    }
  }

  static func corrupt(
    _ image: Image, severity: Int, generator: CorruptionGenerator, random: inout RandomStream
  ) -> Image {
    let deviation = deviation(severity: severity, generator: generator)
    return add(deviation, to: image) { random.normal() }
  }

  /// Adds noise to a picture.
  ///
  /// - Parameters:
  ///   - deviation: of the noise, where white is 1.
  ///   - image: the picture.
  ///   - draw: a standard normal draw, asked for sample after sample.
  /// - Returns: the spoilt picture.
  static func add(_ deviation: Double, to image: Image, draw: () -> Float) -> Image {
    var spoilt = image
    for index in spoilt.pixels.indices {
      let value = Double(spoilt.pixels[index]) / 255 + deviation * Double(draw())
      spoilt.pixels[index] = UInt8(min(max(value, 0), 1) * 255)
    }
    return spoilt
  }
}
