import Support

/// Paler or stronger colours: `a·s + b` for the saturation s.
enum Saturate: Corruption {
  static let kind = "saturate"
  static let summary = "paler colours, then stronger ones"
  static let isExtra = true

  static func change(_ setting: CorruptionSetting) -> (factor: Double, amount: Double) {
    switch setting.generator {
    case .cifar: [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)][setting.index]
    case .imageNet: [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let (factor, amount) = change(setting)
    return image.changingColours {
      $0.saturation = min(max($0.saturation * factor + amount, 0), 1)
    }
  }
}
