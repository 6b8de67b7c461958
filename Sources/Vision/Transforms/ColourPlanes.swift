/// Three planes of levels (whole numbers in 0…255) whose colours are changed in place.
///
/// Each change gives what Pillow's `ImageEnhance` and torchvision's `adjust_hue` give.
@safe struct ColourPlanes {
  private let red: UnsafeMutablePointer<Float>
  private let green: UnsafeMutablePointer<Float>
  private let blue: UnsafeMutablePointer<Float>
  private let count: Int

  /// The planes of `plane` samples each, one after the other.
  init(_ planes: UnsafeMutablePointer<Float>, plane: Int) {
    unsafe red = unsafe planes
    unsafe green = unsafe planes + plane
    unsafe blue = unsafe planes + 2 * plane
    count = plane
  }

  /// Mixes with black.
  func adjustBrightness(_ factor: Float) {
    for pixel in 0..<count {
      unsafe red[pixel] = unsafe blend(0, red[pixel], factor)
      unsafe green[pixel] = unsafe blend(0, green[pixel], factor)
      unsafe blue[pixel] = unsafe blend(0, blue[pixel], factor)
    }
  }

  /// Mixes with the mean grey of the picture.
  func adjustContrast(_ factor: Float) {
    var sum = 0.0
    for pixel in 0..<count { sum += Double(grey(at: pixel)) }
    let mean = Float(Int(sum / Double(count) + 0.5))
    for pixel in 0..<count {
      unsafe red[pixel] = unsafe blend(mean, red[pixel], factor)
      unsafe green[pixel] = unsafe blend(mean, green[pixel], factor)
      unsafe blue[pixel] = unsafe blend(mean, blue[pixel], factor)
    }
  }

  /// Mixes each pixel with its grey.
  func adjustSaturation(_ factor: Float) {
    for pixel in 0..<count {
      let level = grey(at: pixel)
      unsafe red[pixel] = unsafe blend(level, red[pixel], factor)
      unsafe green[pixel] = unsafe blend(level, green[pixel], factor)
      unsafe blue[pixel] = unsafe blend(level, blue[pixel], factor)
    }
  }

  /// Turns the hue by `shift` turns, with hue, saturation and value held in 8 bits each.
  func adjustHue(_ shift: Float) {
    let steps = UInt8(truncatingIfNeeded: Int(shift * 255))
    for pixel in 0..<count {
      var colour = unsafe HueSaturationValue(
        red: red[pixel], green: green[pixel], blue: blue[pixel])
      colour.hue = Float(UInt8(colour.hue) &+ steps)
      unsafe (red[pixel], green[pixel], blue[pixel]) = colour.rgb
    }
  }

  /// ITU-R 601 luma, as whole numbers in units of 2⁻¹⁶, which a float holds exactly.
  @inline(__always)
  private func grey(at pixel: Int) -> Float {
    let sum = unsafe red[pixel] * 19595 + green[pixel] * 38470 + blue[pixel] * 7471
    return floorOfLevel((sum + 0x8000) * 0x1p-16)
  }
}

/// Makes three planes of levels (0…255), `plane` samples each, grey: each pixel its ITU-R 601 luma.
package func makeGrey(_ planes: UnsafeMutablePointer<Float>, plane: Int) {
  unsafe ColourPlanes(planes, plane: plane).adjustSaturation(0)
}

/// `base + factor · (level − base)`, cut to 0…255 and to a whole number.
@inline(__always)
private func blend(_ base: Float, _ level: Float, _ factor: Float) -> Float {
  let mixed = base + factor * (level - base)
  let positive = mixed > 0 ? mixed : 0
  return floorOfLevel(positive < 255 ? positive : 255)
}

/// The greatest whole number not above a value in 0…255, without a branch or a call.
@inline(__always)
private func floorOfLevel(_ value: Float) -> Float {
  let nearest = (value + 0x1p23) - 0x1p23
  return nearest > value ? nearest - 1 : nearest
}

/// A colour as Pillow's 8-bit HSV: three whole numbers in 0…255.
private struct HueSaturationValue {
  var hue: Float = 0
  var saturation: Float = 0
  var value: Float

  init(red: Float, green: Float, blue: Float) {
    let least = min(red, green, blue)
    value = max(red, green, blue)
    let span = value - least
    guard span > 0 else { return }
    // Ratios are rounded to single precision and summed in double, as in Pillow.
    let fromRed = Double((value - red) / span)
    let fromGreen = Double((value - green) / span)
    let fromBlue = Double((value - blue) / span)
    let sixths = Float(
      red == value
        ? fromBlue - fromGreen
        : green == value ? 2 + fromRed - fromBlue : 4 + fromGreen - fromRed)
    let turns = Double(sixths) / 6 + 1
    hue = Float(Int32(Double(Float(turns - Double(Int32(turns)))) * 255))
    saturation = Float(Int32(Double(span / value) * 255))
  }

  var rgb: (Float, Float, Float) {
    guard saturation > 0 else { return (value, value, value) }
    // In single or double precision where Pillow is, so that every pixel agrees.
    let position = Double(hue) * 6 / 255
    let sector = Int32(position)
    let part = Float(position - Double(sector))
    let strength = Float(Double(saturation) / 255)
    let low = rounded(Double(value) * (1 - Double(strength)))
    let falling = rounded(Double(value) * (1 - Double(strength * part)))
    let rising = rounded(Double(value) * (1 - Double(strength) * (1 - Double(part))))
    switch sector % 6 {
    case 0: return (value, rising, low)
    case 1: return (falling, value, low)
    case 2: return (low, value, rising)
    case 3: return (low, falling, value)
    case 4: return (rising, low, value)
    default: return (value, low, falling)
    }
  }
}

/// The nearest whole number of a value of at least zero, ties up.
@inline(__always)
private func rounded(_ value: Double) -> Float { Float(Int32(value + 0.5)) }
