import Support

/// Independent normal noise on every sample, as of a sensor in bad light.
///
/// `x + σ·n` for samples x in [0, 1], cut to [0, 1], times 255 and truncated, as the scripts of Hendrycks and
/// Dietterich 2019 do (`make_cifar_c`, `make_imagenet_c`).
enum GaussianNoise: Corruption {
  static let kind = "gaussian_noise"
  static let summary = "independent normal noise on every sample"

  /// The standard deviation of the noise, where white is 1.
  static func deviation(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.04, 0.06, 0.08, 0.09, 0.10][setting.index]
    case .imageNet: [0.08, 0.12, 0.18, 0.26, 0.38][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withNormals(image.pixels.count, &random) {
      unsafe add(deviation(setting), to: image, draws: $0)
    }
  }

  /// Adds noise to a picture.
  ///
  /// - Parameters:
  ///   - deviation: of the noise, where white is 1.
  ///   - image: the picture.
  ///   - draws: a standard normal draw for each sample.
  /// - Returns: the spoilt picture.
  static func add(_ deviation: Double, to image: Image, draws: UnsafePointer<Float>) -> Image {
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe Image(width: image.width, height: image.height) { target in
        for sample in pixels.indices {
          unsafe target[sample] = unsafe truncated(
            Double(pixels[sample]) / 255 + deviation * Double(draws[sample]))
        }
      }
    }
  }
}
