import Support

/// Fewer pixels: reduced by the mean of boxes, and enlarged again without smoothing.
enum Pixelate: Corruption {
  static let kind = "pixelate"
  static let summary = "fewer and larger pixels"

  static func scale(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.95, 0.9, 0.85, 0.75, 0.65][setting.index]
    case .imageNet: [0.6, 0.5, 0.4, 0.3, 0.25][setting.index]
    }
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int {
    Int((1 / scale(setting)).rounded(.up))
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let scale = scale(setting)
    return image.resized(
      width: Int(Double(image.width) * scale), height: Int(Double(image.height) * scale), .box
    ).repeated(width: image.width, height: image.height)
  }
}

extension Image {
  /// The picture enlarged by repeating pixels: Pillow's `resize` with `BOX`.
  fileprivate func repeated(width: Int, height: Int) -> Image {
    let (across, down) = (
      Double(self.width) / Double(width), Double(self.height) / Double(height)
    )
    let columns = (0..<width).map { 3 * min(Int((Double($0) + 0.5) * across), self.width - 1) }
    return unsafe pixels.withUnsafeBufferPointer { source in
      unsafe columns.withUnsafeBufferPointer { columns in
        unsafe Image(width: width, height: height) { target in
          for y in 0..<height {
            let row = 3 * self.width * min(Int((Double(y) + 0.5) * down), self.height - 1)
            let line = unsafe target + 3 * y * width
            for x in 0..<width {
              for channel in 0..<3 {
                unsafe line[3 * x + channel] = unsafe source[row + columns[x] + channel]
              }
            }
          }
        }
      }
    }
  }
}
