import Support
import Tensors

/// A pattern in two colours that covers an object or the ground.
package struct SceneTexture: Sendable, Equatable {
  /// How the two colours alternate.
  package enum Pattern: Int, CaseIterable, Sendable {
    case striped, checked, dotted, woven, shaded, plain

    /// Those that are drawn from where none is prescribed.
    static let drawn = [striped, checked, dotted, woven, shaded]
  }

  /// How the colours alternate.
  package let pattern: Pattern
  /// The two colours, 0…255, red first.
  package let colours: (SIMD3<Float>, SIMD3<Float>)
  /// Two waves a pixel, each as (across, down, phase) in periods.
  let waves: (SIMD3<Float>, SIMD3<Float>)

  /// Draws a texture for a picture of the given side.
  ///
  /// - Parameters:
  ///   - side: width and height of the picture.
  ///   - pattern: takes the place of the one that is drawn.
  ///   - random: draws.
  init(side: Int, pattern: Pattern?, random: inout RandomStream) {
    let drawn = Pattern.drawn[random.below(Pattern.drawn.count)]
    self.pattern = pattern ?? drawn
    let first = SIMD3(random.level(), random.level(), random.level())
    let second = SIMD3(random.level(), random.level(), random.level())
    // The second colour is a third of the way to any other one: visible, yet one texture.
    colours = (first, self.pattern == .plain ? first : first + (second - first) * 0.4)
    let period = Float(side) * random.uniform(0.12, 0.28)
    let turn = random.direction()
    let frequency = (self.pattern == .shaded ? 0.25 : 1) / period
    waves = (
      SIMD3(turn.x * frequency, turn.y * frequency, random.uniform()),
      SIMD3(-turn.y * frequency, turn.x * frequency, random.uniform())
    )
  }

  /// The mean colour.
  package var meanColour: SIMD3<Float> { (colours.0 + colours.1) * 0.5 }

  /// How much of the second colour there is, 0…1, at points given in pixels.
  @inline(__always)
  func share(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
    let first = wave(waves.0, x, y)
    switch pattern {
    case .striped: return steep(first - 0.5)
    case .shaded, .plain: return first
    case .checked: return steep(4 * (first - 0.5) * (wave(waves.1, x, y) - 0.5))
    case .dotted:
      let second = wave(waves.1, x, y)
      return steep(0.3 - first * first - second * second)
    case .woven:
      let second = wave(waves.1, x, y)
      return 0.5 * (first * second + larger(first, second))
    }
  }

  package static func == (left: SceneTexture, right: SceneTexture) -> Bool {
    left.pattern == right.pattern && left.colours == right.colours && left.waves == right.waves
  }
}

/// A triangle wave between 0 and 1.
@inline(__always)
private func wave(_ wave: SIMD3<Float>, _ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
  let turns = wave.x * x + wave.y * y + wave.z
  let nearest = (turns + 0x1.8p23) - 0x1.8p23
  return 2 * magnitude(turns - nearest)
}

/// A steep step from 0 to 1 around zero.
@inline(__always)
private func steep(_ value: SIMD8<Float>) -> SIMD8<Float> { unit(value * 3 + 0.5) }

/// Cut to 0…1.
@inline(__always)
func unit(_ value: SIMD8<Float>) -> SIMD8<Float> {
  larger(SIMD8(repeating: 0), smaller(SIMD8(repeating: 1), value))
}

extension RandomStream {
  /// A whole number in 0…255.
  mutating func level() -> Float { Float(below(256)) }

  /// A direction near the right, turned either way by at most the angle of half of which `greatest` is the
  /// tangent.
  mutating func direction(tiltedAtMost greatest: Float) -> SIMD2<Float> {
    let tangent = uniform(-greatest, greatest)
    let scale = 1 / (1 + tangent * tangent)
    return SIMD2((1 - tangent * tangent) * scale, 2 * tangent * scale)
  }

  /// A direction of length one, by arithmetic that is the same on every machine.
  ///
  /// Half-angle formulas cover an eighth of the circle nearly uniformly; eight mirror images the rest.
  mutating func direction() -> SIMD2<Float> {
    let tangent = uniform() * 0.414_213_56
    let scale = 1 / (1 + tangent * tangent)
    let (long, short) = ((1 - tangent * tangent) * scale, 2 * tangent * scale)
    let octant = below(8)
    let x = octant & 1 == 0 ? long : short
    let y = octant & 1 == 0 ? short : long
    return SIMD2(octant & 2 == 0 ? x : -x, octant & 4 == 0 ? y : -y)
  }
}
