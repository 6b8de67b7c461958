/// How a picture is resized; both widen their filter when shrinking (antialiasing), as Pillow does.
package enum Interpolation: String, Sendable, CaseIterable {
  /// Triangle filter, one pixel to each side.
  case bilinear
  /// Cubic convolution with a = −1/2, two pixels to each side.
  case bicubic

  /// How far the filter reaches to each side at scale 1, in pixels.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The filter's value at distance `offset`.
  @inline(__always)
  func weight(at offset: Double) -> Double {
    let distance = abs(offset)
    switch self {
    case .bilinear: return distance < 1 ? 1 - distance : 0
    case .bicubic:
      // Keys 1981 with a = −1/2, as Horner polynomials.
      if distance < 1 { return (1.5 * distance - 2.5) * distance * distance + 1 }
      return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * -0.5 : 0
    }
  }
}
