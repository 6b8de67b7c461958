import Support

/// Snowflakes driven by the wind before a picture that has become paler.
enum Snow: Corruption {
  static let kind = "snow"
  static let summary = "snowflakes driven by the wind"

  /// A snowfall: how its noise is distributed, enlarged, cut, driven, and what is left of the picture.
  struct Fall {
    let mean: Double
    let deviation: Double
    let zoom: Double
    let threshold: Double
    let radius: Int
    let blur: Double
    let share: Double

    init(
      _ mean: Double, _ deviation: Double, _ zoom: Double, _ threshold: Double, _ radius: Int,
      _ blur: Double, _ share: Double
    ) {
      (self.mean, self.deviation, self.zoom) = (mean, deviation, zoom)
      (self.threshold, self.radius, self.blur) = (threshold, radius, blur)
      self.share = share
    }
  }

  private static let cifar = [
    Fall(0.1, 0.2, 1, 0.6, 8, 3, 0.95), Fall(0.1, 0.2, 1, 0.5, 10, 4, 0.9),
    Fall(0.15, 0.3, 1.75, 0.55, 10, 4, 0.9), Fall(0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
    Fall(0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
  ]
  private static let imageNet = [
    Fall(0.1, 0.3, 3, 0.5, 10, 4, 0.8), Fall(0.2, 0.3, 2, 0.5, 12, 4, 0.7),
    Fall(0.55, 0.3, 4, 0.9, 12, 8, 0.7), Fall(0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    Fall(0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
  ]

  static func fall(_ setting: CorruptionSetting) -> Fall {
    (setting.generator == .cifar ? cifar : imageNet)[setting.index]
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int { fall(setting).radius + 1 }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let angle = -135 + 90 * random.uniformDouble()
    return unsafe withNormals(image.width * image.height, &random) {
      unsafe snow(on: image, fall(setting), draws: $0, angle: angle)
    }
  }

  /// The picture in snow.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - fall: how it snows.
  ///   - draws: a standard normal draw for each pixel.
  ///   - angle: where the wind blows, in degrees.
  /// - Returns: the spoilt picture.
  static func snow(
    on image: Image, _ fall: Fall, draws: UnsafePointer<Float>, angle: Double
  ) -> Image {
    let flakes = unsafe flakes(image.width, image.height, fall, draws, angle)
    let picture = FloatPlanes(image, white: 1)
    let (red, green, blue) = unsafe (picture.plane(0), picture.plane(1), picture.plane(2))
    let share = Float(fall.share)
    let last = picture.area - 1
    for pixel in 0..<picture.area {
      let grey = unsafe 0.299 * red[pixel] + 0.587 * green[pixel] + 0.114 * blue[pixel]
      let pale = grey * 1.5 + 0.5
      // Once as it is, and once turned by half.
      let snow = unsafe flakes.samples[pixel] + flakes.samples[last - pixel]
      let lit = { (value: Float) in
        share * value + (1 - share) * (value > pale ? value : pale) + snow
      }
      unsafe red[pixel] = lit(red[pixel])
      unsafe green[pixel] = lit(green[pixel])
      unsafe blue[pixel] = lit(blue[pixel])
    }
    return picture.image(scale: 255)
  }

  private static func flakes(
    _ width: Int, _ height: Int, _ fall: Fall, _ draws: UnsafePointer<Float>, _ angle: Double
  ) -> FloatPlanes {
    let noise = FloatPlanes(width: width, height: height, planes: 1)
    let (mean, deviation) = (Float(fall.mean), Float(fall.deviation))
    for place in 0..<noise.count {
      unsafe noise.samples[place] = unsafe mean + deviation * draws[place]
    }
    let layer = noise.zoomed(fall.zoom)
    let threshold = Float(fall.threshold)
    for place in 0..<layer.count {
      let value = unsafe layer.samples[place] < threshold ? 0 : layer.samples[place]
      unsafe layer.samples[place] = Float(level(value * 255, LevelRounding.down.shift))
    }
    let driven = MotionKernel(radius: fall.radius, deviation: fall.blur, angle: angle).filter(layer)
    for place in 0..<driven.count {
      unsafe driven.samples[place] = unsafe Float(level(driven.samples[place], 0)) / 255
    }
    return driven
  }
}
