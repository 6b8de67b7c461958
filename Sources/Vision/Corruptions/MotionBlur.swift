import Support

/// A camera that moved, in a direction within 45° of the right.
enum MotionBlur: Corruption {
  static let kind = "motion_blur"
  static let summary = "a camera that moved"

  /// The blur's radius and deviation, in pixels.
  static func reach(_ setting: CorruptionSetting) -> (radius: Int, deviation: Double) {
    switch setting.generator {
    case .cifar: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)][setting.index]
    case .imageNet: [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][setting.index]
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int { reach(setting).radius + 1 }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    move(image, setting, angle: 90 * random.uniformDouble() - 45)
  }

  /// The picture moved in a direction, in degrees.
  static func move(_ image: Image, _ setting: CorruptionSetting, angle: Double) -> Image {
    let (radius, deviation) = reach(setting)
    return MotionKernel(radius: radius, deviation: deviation, angle: angle)
      .filter(FloatPlanes(image)).image(.nearest)
  }
}
