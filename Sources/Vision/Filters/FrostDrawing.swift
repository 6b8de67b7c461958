import Foundation
import Support

/// Draws windows with frost: clouds of ice and crystals of needles, in cold colours.
///
/// Mean and deviation of each colour are those of the five photographs that the published scripts use; their pictures
/// are not copied.
enum FrostDrawing {
  private static let side = 512
  private static let crystals = 3000

  /// Mean level of red, green and blue, and their deviation.
  private static let colours: [(mean: SIMD3<Float>, deviation: SIMD3<Float>)] = [
    (SIMD3(78, 149, 166), SIMD3(27, 16, 15)), (SIMD3(201, 205, 214), SIMD3(21, 22, 23)),
    (SIMD3(190, 198, 210), SIMD3(21, 22, 23)), (SIMD3(138, 153, 165), SIMD3(28, 28, 30)),
    (SIMD3(112, 123, 135), SIMD3(44, 43, 42)),
  ]

  /// The five textures.
  static func all() -> [Image] { colours.indices.map(draw) }

  private static func draw(_ index: Int) -> Image {
    var random = RandomStream(seed: 0, purpose: "frost texture", index)
    let count = PlasmaFractal.draws(side: side)
    let draws = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer { unsafe draws.deallocate() }
    unsafe random.fillUniform(draws, count, -1, 1)
    let clouds = unsafe PlasmaFractal.map(side: side, decay: 1.7, draws: draws)
    let needles = FloatPlanes(width: side, height: side, planes: 1)
    needles.fill(0)
    for _ in 0..<crystals { drawCrystal(on: needles, &random) }
    // Where needles lie over one another, ice is thick, not brighter without end.
    for place in 0..<needles.count {
      unsafe needles.samples[place] = unsafe needles.samples[place] / (0.5 + needles.samples[place])
    }
    let ice = needles.blurred(0.8, .reflect)
    standardize(ice)
    standardize(clouds)
    for place in 0..<ice.count { unsafe ice.samples[place] += 0.5 * clouds.samples[place] }
    standardize(ice)
    return coloured(ice, colours[index])
  }

  /// Makes the mean zero and the deviation one.
  private static func standardize(_ plane: FloatPlanes) {
    let values = unsafe UnsafeBufferPointer(start: plane.samples, count: plane.count)
    let mean = unsafe values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let squares = unsafe values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let scale = Float(1 / (squares / Double(values.count)).squareRoot())
    for place in 0..<plane.count {
      unsafe plane.samples[place] = unsafe (plane.samples[place] - Float(mean)) * scale
    }
  }

  /// A bundle of needles from one place, like a feather.
  private static func drawCrystal(on ice: FloatPlanes, _ random: inout RandomStream) {
    let (x, y) = (random.uniform(0, Float(side)), random.uniform(0, Float(side)))
    let stem = random.direction()
    let strength = random.uniform(0.1, 0.8)
    let length = random.uniform(10, 44)
    drawNeedle(on: ice, SIMD2(x, y), stem, length, strength)
    // Branches at about 60°, shorter towards the tip.
    let branches = 3 + random.below(5)
    for branch in 0..<branches {
      let share = (Float(branch) + random.uniform()) / Float(branches)
      let turn: Float = branch & 1 == 0 ? 0.866 : -0.866
      let direction = SIMD2(
        0.5 * stem.x - turn * stem.y, turn * stem.x + 0.5 * stem.y)
      drawNeedle(
        on: ice, SIMD2(x, y) + stem * (share * length), direction,
        length * 0.6 * (1.1 - share), strength * 0.8)
    }
  }

  /// A line that fades out, added to what is there.
  private static func drawNeedle(
    on ice: FloatPlanes, _ start: SIMD2<Float>, _ direction: SIMD2<Float>, _ length: Float,
    _ strength: Float
  ) {
    for step in 0..<Int(length * 2) {
      let place = start + direction * (Float(step) / 2)
      let fade = strength * (1 - Float(step) / (length * 2))
      let (x, y) = (Int(place.x.rounded(.down)), Int(place.y.rounded(.down)))
      unsafe ice.samples[(y & (side - 1)) * side + (x & (side - 1))] += fade / 2
    }
  }

  private static func coloured(
    _ ice: FloatPlanes, _ colour: (mean: SIMD3<Float>, deviation: SIMD3<Float>)
  ) -> Image {
    unsafe Image(width: side, height: side) { target in
      for place in 0..<ice.count {
        let height = unsafe ice.samples[place]
        for channel in 0..<3 {
          unsafe target[3 * place + channel] = level(
            colour.mean[channel] + height * colour.deviation[channel], 0)
        }
      }
    }
  }
}
