import Support

/// A lens out of focus: the mean over a disk with a softened edge.
enum DefocusBlur: Corruption {
  static let kind = "defocus_blur"
  static let summary = "a lens out of focus"

  /// The disk's radius, and the deviation that softens its edge, in pixels.
  static func disk(_ setting: CorruptionSetting) -> (radius: Double, edge: Double) {
    switch setting.generator {
    case .cifar: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)][setting.index]
    case .imageNet: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)][setting.index]
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int { kernel(setting).reach + 1 }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    kernel(setting).filter(FloatPlanes(image)).image()
  }

  private static func kernel(_ setting: CorruptionSetting) -> SymmetricKernel {
    let (radius, edge) = disk(setting)
    return SymmetricKernel(radius: radius, edge: edge)
  }
}
