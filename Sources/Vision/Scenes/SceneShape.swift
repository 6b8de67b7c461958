/// The outlines that objects of generated scenes have: the classes of the data set.
package enum SceneShape: Int, CaseIterable, Sendable {
  case disc, square, triangle, ring, cross, star, bar, crescent, frame, corner

  /// The class's name.
  package var name: String { "\(self)" }

  /// How far points lie outside the outline (negative inside), near it in true distance.
  ///
  /// In coordinates where the object is centred and its area is one, so that no class can be told
  /// by how much of the picture it covers.
  @inline(__always)
  func distance(_ u: SIMD8<Float>, _ v: SIMD8<Float>) -> SIMD8<Float> {
    switch self {
    case .disc: radius(u, v) - 0.5642
    case .square: larger(magnitude(u), magnitude(v)) - 0.5
    case .triangle:
      // Three sides at distance 0.4387 from the centre, 120° apart.
      larger(v, larger(-0.5 * v + 0.866_025_4 * u, -0.5 * v - 0.866_025_4 * u)) - 0.4387
    case .ring: magnitude(radius(u, v) - 0.55) - 0.1447
    case .cross:
      smaller(box(u, v, 0.678, 0.22), box(u, v, 0.22, 0.678))
    case .star: starDistance(u, v)
    case .bar: box(u, v, 0.9, 0.2778)
    case .crescent:
      // A disc less another one to its left.
      larger(radius(u + 0.264, v) - 0.758, 0.6146 - radius(u + 0.7557, v))
    case .frame: magnitude(larger(magnitude(u), magnitude(v)) - 0.5) - 0.125
    case .corner:
      smaller(box(u + 0.458, v, 0.22, 0.678), box(u, v - 0.458, 0.678, 0.22))
    }
  }
}

/// Points inside at least four of the five sides of a pentagon, prolonged: a five-pointed star.
@inline(__always)
private func starDistance(_ u: SIMD8<Float>, _ v: SIMD8<Float>) -> SIMD8<Float> {
  var greatest = v
  var second = SIMD8<Float>(repeating: -1e9)
  for side in starSides {
    let distance = side.x * u + side.y * v
    second = larger(second, smaller(greatest, distance))
    greatest = larger(greatest, distance)
  }
  return second - 0.2917
}

/// The directions at 72° from one another, without the first, (0, 1).
private let starSides: [SIMD2<Float>] = [
  [0.951_056_5, 0.309_017], [0.587_785_25, -0.809_017], [-0.587_785_25, -0.809_017],
  [-0.951_056_5, 0.309_017],
]

@inline(__always)
private func box(
  _ u: SIMD8<Float>, _ v: SIMD8<Float>, _ halfWidth: Float, _ halfHeight: Float
) -> SIMD8<Float> {
  larger(magnitude(u) - halfWidth, magnitude(v) - halfHeight)
}

@inline(__always)
private func radius(_ u: SIMD8<Float>, _ v: SIMD8<Float>) -> SIMD8<Float> {
  (u * u + v * v).squareRoot()
}

@inline(__always)
func larger(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
  b.replacing(with: a, where: a .> b)
}

@inline(__always)
func smaller(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
  b.replacing(with: a, where: a .< b)
}

@inline(__always)
func magnitude(_ a: SIMD8<Float>) -> SIMD8<Float> { larger(a, -a) }
