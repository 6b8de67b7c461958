import Support

/// Drops of water on the lens, or splashes of mud.
enum Spatter: Corruption {
  static let kind = "spatter"
  static let summary = "drops of water on the lens, or mud"
  static let isExtra = true

  /// A liquid: how its noise is distributed and blurred, where it is thick enough to stay, and how it shows.
  struct Liquid {
    let mean: Double
    let deviation: Double
    let blur: Double
    let threshold: Double
    /// How bright water is, or by how many pixels mud is blurred.
    let strength: Double
    let isMud: Bool

    init(
      _ mean: Double, _ deviation: Double, _ blur: Double, _ threshold: Double, _ strength: Double,
      isMud: Bool = false
    ) {
      (self.mean, self.deviation, self.blur) = (mean, deviation, blur)
      (self.threshold, self.strength, self.isMud) = (threshold, strength, isMud)
    }
  }

  private static let cifar = [
    Liquid(0.62, 0.1, 0.7, 0.7, 0.5), Liquid(0.65, 0.1, 0.8, 0.7, 0.5),
    Liquid(0.65, 0.3, 1, 0.69, 0.5), Liquid(0.65, 0.1, 0.7, 0.69, 0.6, isMud: true),
    Liquid(0.65, 0.1, 0.5, 0.68, 0.6, isMud: true),
  ]
  private static let imageNet = [
    Liquid(0.65, 0.3, 4, 0.69, 0.6), Liquid(0.65, 0.3, 3, 0.68, 0.6),
    Liquid(0.65, 0.3, 2, 0.68, 0.5), Liquid(0.65, 0.3, 1, 0.65, 1.5, isMud: true),
    Liquid(0.67, 0.4, 1, 0.65, 1.5, isMud: true),
  ]

  /// The colours of water (pale turquoise) and mud.
  private static let water: [Float] = [175, 238, 238]
  private static let mud: [Float] = [63, 42, 20]

  static func liquid(_ setting: CorruptionSetting) -> Liquid {
    (setting.generator == .cifar ? cifar : imageNet)[setting.index]
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int {
    gaussianKernel(liquid(setting).blur).count / 2 + 1
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withNormals(image.width * image.height, &random) {
      unsafe spatter(image, liquid(setting), draws: $0)
    }
  }

  /// The picture with a standard normal draw for each pixel.
  static func spatter(_ image: Image, _ liquid: Liquid, draws: UnsafePointer<Float>) -> Image {
    let noise = FloatPlanes(width: image.width, height: image.height, planes: 1)
    let (mean, deviation) = (Float(liquid.mean), Float(liquid.deviation))
    for place in 0..<noise.count {
      unsafe noise.samples[place] = unsafe mean + deviation * draws[place]
    }
    let layer = noise.blurred(liquid.blur)
    return liquid.isMud ? cover(image, layer, liquid) : wet(image, layer, liquid)
  }

  /// Water adds light; a picture on which no drop stayed is as it was.
  private static func wet(_ image: Image, _ layer: FloatPlanes, _ liquid: Liquid) -> Image {
    let threshold = Float(liquid.threshold)
    let thickness = unsafe UnsafeBufferPointer(start: layer.samples, count: layer.count).map {
      $0 < threshold ? 0 : level($0 * 255, LevelRounding.down.shift)
    }
    let relief = SpatterRelief(width: image.width, height: image.height)
    guard let light = relief.brightness(of: thickness) else { return image }
    let picture = FloatPlanes(image)
    let strength = Float(liquid.strength)
    for channel in 0..<3 {
      let plane = unsafe picture.plane(channel)
      for place in 0..<picture.area {
        unsafe plane[place] += water[channel] * strength * light[place]
      }
    }
    return picture.image()
  }

  /// Mud hides what is behind.
  private static func cover(_ image: Image, _ layer: FloatPlanes, _ liquid: Liquid) -> Image {
    let threshold = Float(liquid.threshold)
    for place in 0..<layer.count {
      unsafe layer.samples[place] = unsafe layer.samples[place] > threshold ? 1 : 0
    }
    let share = layer.blurred(liquid.strength)
    let picture = FloatPlanes(image)
    for channel in 0..<3 {
      let plane = unsafe picture.plane(channel)
      for place in 0..<picture.area where unsafe share.samples[place] >= 0.8 {
        unsafe plane[place] += (mud[channel] - plane[place]) * share.samples[place]
      }
    }
    return picture.image()
  }
}
