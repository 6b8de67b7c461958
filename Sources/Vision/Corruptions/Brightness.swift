import Support

/// More light: a constant added to the value of hue, saturation and value.
enum Brightness: Corruption {
  static let kind = "brightness"
  static let summary = "more light"

  static func amount(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.05, 0.1, 0.15, 0.2, 0.3][setting.index]
    case .imageNet: [0.1, 0.2, 0.3, 0.4, 0.5][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let amount = amount(setting)
    return image.changingColours { $0.value = min($0.value + amount, 1) }
  }
}
