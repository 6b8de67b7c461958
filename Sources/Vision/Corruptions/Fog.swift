import Support

/// Fog that is thicker here and thinner there.
///
/// `(x + a·p)·m / (m + a)` for a height map p in [0, 1] and the picture's greatest sample m.
enum Fog: Corruption {
  static let kind = "fog"
  static let summary = "fog, thicker here and thinner there"

  /// How much fog there is, and how fast its detail falls off.
  static func thickness(_ setting: CorruptionSetting) -> (amount: Double, decay: Double) {
    switch setting.generator {
    case .cifar: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)][setting.index]
    case .imageNet: [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)][setting.index]
    }
  }

  /// The side of the height map: a power of two that covers the picture.
  static func mapSide(_ image: Image) -> Int {
    var side = 2
    while side < max(image.width, image.height) { side *= 2 }
    return side
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withUniforms(PlasmaFractal.draws(side: mapSide(image)), &random) {
      unsafe cover(image, thickness(setting), draws: $0)
    }
  }

  /// The picture in fog, with the draws of `PlasmaFractal`.
  static func cover(
    _ image: Image, _ thickness: (amount: Double, decay: Double), draws: UnsafePointer<Float>
  ) -> Image {
    let side = mapSide(image)
    let map = unsafe PlasmaFractal.map(side: side, decay: thickness.decay, draws: draws)
    let amount = Float(thickness.amount)
    let greatest = Float(image.pixels.max() ?? 0) / 255
    let scale = greatest / (greatest + amount)
    return unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe Image(width: image.width, height: image.height) { target in
        for y in 0..<image.height {
          let row = unsafe map.samples + y * side
          for x in 0..<image.width {
            let fog = unsafe 255 * amount * row[x]
            let place = 3 * (y * image.width + x)
            for channel in 0..<3 {
              unsafe target[place + channel] = unsafe level(
                (Float(pixels[place + channel]) + fog) * scale, LevelRounding.down.shift)
            }
          }
        }
      }
    }
  }
}
