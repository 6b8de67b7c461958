import Support

/// A JPEG of low quality, written and read by libjpeg.
enum JPEGCompression: Corruption {
  static let kind = "jpeg_compression"
  static let summary = "a JPEG file of low quality"

  /// libjpeg's quality, 1 to 100.
  static func quality(_ setting: CorruptionSetting) -> Int {
    switch setting.generator {
    case .cifar: [80, 65, 58, 50, 40][setting.index]
    case .imageNet: [25, 18, 15, 10, 7][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    JPEG.compressed(image, quality: quality(setting))
  }
}
