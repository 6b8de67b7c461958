import Support

/// Less contrast: each channel drawn towards its mean.
enum Contrast: Corruption {
  static let kind = "contrast"
  static let summary = "less contrast"

  static func factor(_ setting: CorruptionSetting) -> Double {
    switch setting.generator {
    case .cifar: [0.75, 0.5, 0.4, 0.3, 0.15][setting.index]
    case .imageNet: [0.4, 0.3, 0.2, 0.1, 0.05][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let factor = factor(setting)
    return unsafe image.pixels.withUnsafeBufferPointer { pixels in
      var sums = SIMD3<Int>()
      for place in stride(from: 0, to: pixels.count, by: 3) {
        unsafe sums &+= SIMD3(Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
      }
      // What each level becomes, channel after channel.
      let table = (0..<768).map { index in
        let mean = Double(sums[index / 256]) / 255 / Double(pixels.count / 3)
        return truncated((Double(index % 256) / 255 - mean) * factor + mean)
      }
      return unsafe table.withUnsafeBufferPointer { table in
        unsafe Image(width: image.width, height: image.height) { target in
          for place in stride(from: 0, to: pixels.count, by: 3) {
            unsafe target[place] = unsafe table[Int(pixels[place])]
            unsafe target[place + 1] = unsafe table[256 + Int(pixels[place + 1])]
            unsafe target[place + 2] = unsafe table[512 + Int(pixels[place + 2])]
          }
        }
      }
    }
  }
}
