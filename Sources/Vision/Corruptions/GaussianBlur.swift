import Support

/// A Gaussian blur out to four deviations, the outermost pixels repeated.
enum GaussianBlur: Corruption {
  static let kind = "gaussian_blur"
  static let summary = "a Gaussian blur"
  static let isExtra = true

  static func deviation(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.4, 0.6, 0.7, 0.8, 1][setting.index]
    case .imageNet: [1, 2, 3, 4, 6][setting.index]
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int {
    gaussianKernel(deviation(setting)).count / 2 + 1
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    FloatPlanes(image).blurred(deviation(setting)).image()
  }
}
