import Foundation

/// How a picture is resized: the filters of Pillow.
///
/// All but `nearest` widen when shrinking, which keeps fine detail from turning into patterns.
package enum Interpolation: String, Sendable, CaseIterable {
  /// The sample whose centre is nearest; nothing is mixed.
  case nearest
  /// The mean of what lies under the resized pixel.
  case box
  /// Triangle filter, one pixel to each side.
  case bilinear
  /// Windowed sinc, one pixel to each side.
  case hamming
  /// Cubic convolution with a = −1/2, two pixels to each side.
  case bicubic
  /// Windowed sinc, three pixels to each side.
  case lanczos

  /// How far the filter reaches to each side at scale 1, in pixels.
  var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The filter's value at `offset`, a signed distance: `box` and `lanczos` differ at their two ends.
  @inline(__always)
  func weight(at offset: Double) -> Double {
    let distance = abs(offset)
    switch self {
    case .nearest, .box: return offset > -0.5 && offset <= 0.5 ? 1 : 0
    case .bilinear: return distance < 1 ? 1 - distance : 0
    case .hamming:
      guard distance < 1 else { return 0 }
      return Self.sinc(distance) * (Self.hammingBase + Self.hammingSwing * cos(distance * .pi))
    case .bicubic:
      // Keys 1981 with a = −1/2, as Horner polynomials.
      if distance < 1 { return (1.5 * distance - 2.5) * distance * distance + 1 }
      return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * -0.5 : 0
    case .lanczos:
      return offset >= -3 && offset < 3 ? Self.sinc(offset) * Self.sinc(offset / 3) : 0
    }
  }

  // In single precision, as in Pillow.
  private static let hammingBase = Double(Float(0.54))
  private static let hammingSwing = Double(Float(0.46))

  private static func sinc(_ offset: Double) -> Double {
    guard offset != 0 else { return 1 }
    let angle = offset * .pi
    return sin(angle) / angle
  }
}
