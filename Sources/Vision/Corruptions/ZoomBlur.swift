import Support

/// A camera that moved towards its object: the mean of the picture and enlarged ones.
enum ZoomBlur: Corruption {
  static let kind = "zoom_blur"
  static let summary = "a camera that moved towards its object"

  /// The step from one enlargement to the next, and how many there are, 1 among them.
  ///
  /// The published scripts write a range whose end rounding sometimes includes; these are the counts that come out.
  static func enlargements(_ setting: CorruptionSetting) -> (step: Double, count: Int) {
    switch setting.generator {
    case .cifar: (0.01, [7, 12, 16, 21, 26][setting.index])
    case .imageNet:
      ([0.01, 0.01, 0.02, 0.02, 0.03][setting.index], [12, 16, 11, 13, 11][setting.index])
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int { 2 }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let (step, count) = enlargements(setting)
    let picture = FloatPlanes(image)
    let sum = FloatPlanes(width: picture.width, height: picture.height, planes: 3)
    // The picture itself, and itself as the first of the enlarged ones.
    for sample in 0..<sum.count { unsafe sum.samples[sample] = unsafe 2 * picture.samples[sample] }
    for index in 1..<count {
      let enlarged = picture.zoomed(1 + Double(index) * step)
      for sample in 0..<sum.count { unsafe sum.samples[sample] += enlarged.samples[sample] }
    }
    return sum.image(scale: 1 / Float(count + 1))
  }
}
