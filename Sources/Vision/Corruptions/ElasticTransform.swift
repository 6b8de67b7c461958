import Support

/// A rubber sheet: moved by an affine map, then each pixel by a smooth random field.
enum ElasticTransform: Corruption {
  static let kind = "elastic_transform"
  static let summary = "a rubber sheet, pulled here and there"

  /// How far pixels move, how smooth the field is, and by how much three corners move, all in pixels.
  struct Pull {
    let amount: Float
    let smoothness: Double
    let jitter: Double

    init(_ amount: Double, _ smoothness: Double, _ jitter: Double, side: Double) {
      self.amount = Float(amount * side)
      self.smoothness = smoothness * side
      self.jitter = jitter * side
    }
  }

  private static let cifar = [
    (0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03),
  ]
  .map { Pull($0, $1, $2, side: 32) }
  // 244, where 224 may have been meant.
  private static let imageNet = [
    (2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02),
  ]
  .map { Pull($0, $1, $2, side: 244) }

  static func pull(_ setting: CorruptionSetting) -> Pull {
    (setting.generator == .cifar ? cifar : imageNet)[setting.index]
  }

  static func smallestSide(_ setting: CorruptionSetting) -> Int { 6 }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    unsafe withUniforms(6 + 2 * image.width * image.height, &random) {
      unsafe stretch(image, pull(setting), draws: $0)
    }
  }

  /// The picture pulled.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - pull: how.
  ///   - draws: uniform in [−1, 1): six for the three corners, then one for each pixel's way across, one for each down.
  /// - Returns: the spoilt picture.
  static func stretch(_ image: Image, _ pull: Pull, draws: UnsafePointer<Float>) -> Image {
    let picture = FloatPlanes(image)
    let moved = unsafe map(image, pull, draws).map { map in picture.warped(.mirror) { map($0, $1) }
    }
    let sheet = moved ?? picture
    guard pull.amount > 0 else { return sheet.image() }
    let across = unsafe field(picture, pull, draws + 6)
    let down = unsafe field(picture, pull, draws + 6 + picture.area)
    let width = picture.width
    return sheet.warped(.reflect) { x, y in
      unsafe (
        Float(x) + across.samples[y * width + x], Float(y) + down.samples[y * width + x]
      )
    }.image()
  }

  /// Where each pixel of the moved picture comes from.
  private static func map(_ image: Image, _ pull: Pull, _ draws: UnsafePointer<Float>) -> AffineMap?
  {
    let centre = SIMD2(Double(image.width / 2), Double(image.height / 2))
    let size = Double(min(image.width, image.height) / 3)
    let corners = [
      centre + size, SIMD2(centre.x + size, centre.y - size), centre - size,
    ]
    let targets = corners.indices.map { corner in
      unsafe corners[corner]
        + pull.jitter * SIMD2(Double(draws[2 * corner]), Double(draws[2 * corner + 1]))
    }
    // The other way round: a pixel of the result is read where the map comes from.
    return AffineMap(from: targets, to: corners)
  }

  private static func field(
    _ picture: FloatPlanes, _ pull: Pull, _ draws: UnsafePointer<Float>
  ) -> FloatPlanes {
    let noise = FloatPlanes(width: picture.width, height: picture.height, planes: 1)
    unsafe noise.samples.update(from: draws, count: noise.count)
    let smooth = noise.blurred(pull.smoothness, truncation: 3, .reflect)
    for place in 0..<smooth.count { unsafe smooth.samples[place] *= pull.amount }
    return smooth
  }
}
