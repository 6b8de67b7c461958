import Support

/// Photons counted one by one: `Poisson(λ·x) / λ`, cut and truncated.
enum ShotNoise: Corruption {
  static let kind = "shot_noise"
  static let summary = "photons counted one by one, few of them"

  static func photons(_ generator: CorruptionGenerator) -> [Double] {
    switch generator {
    case .cifar: [500, 250, 100, 75, 50]
    case .imageNet: [60, 25, 12, 5, 3]
    }
  }

  // Made when first used.
  private static let cifar = photons(.cifar).map(PoissonTable.init(scale:))
  private static let imageNet = photons(.imageNet).map(PoissonTable.init(scale:))

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withBits(image.pixels.count, &random) { unsafe count(setting, image, draws: $0) }
  }

  /// The picture with 64 random bits for each sample.
  static func count(
    _ setting: CorruptionSetting, _ image: Image, draws: UnsafePointer<UInt64>
  ) -> Image {
    let tables = setting.generator == .cifar ? cifar : imageNet
    return unsafe tables[setting.index].apply(to: image, draws: draws)
  }
}
