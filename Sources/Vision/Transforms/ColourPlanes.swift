/// Three planes of levels (whole numbers in 0…255) whose colours are changed in place.
///
/// Each change gives what Pillow's `ImageEnhance` and torchvision's `adjust_hue` give.
struct ColourPlanes {
  private let red: UnsafeMutablePointer<Float>
  private let green: UnsafeMutablePointer<Float>
  private let blue: UnsafeMutablePointer<Float>
  private let count: Int

  /// The planes of `plane` samples each, one after the other.
  init(_ planes: UnsafeMutablePointer<Float>, plane: Int) {
    red = planes
    green = planes + plane
    blue = planes + 2 * plane
    count = plane
  }

  /// Mixes with black.
  func adjustBrightness(_ factor: Float) {
    for pixel in 0..<count {
      red[pixel] = blend(0, red[pixel], factor)
      green[pixel] = blend(0, green[pixel], factor)
      blue[pixel] = blend(0, blue[pixel], factor)
    }
  }

  /// Mixes with the mean grey of the picture.
  func adjustContrast(_ factor: Float) {
    var sum = 0
    for pixel in 0..<count { sum += Int(grey(at: pixel)) }
    let mean = Float(Int(Double(sum) / Double(count) + 0.5))
    for pixel in 0..<count {
      red[pixel] = blend(mean, red[pixel], factor)
      green[pixel] = blend(mean, green[pixel], factor)
      blue[pixel] = blend(mean, blue[pixel], factor)
    }
  }

  /// Mixes each pixel with its grey.
  func adjustSaturation(_ factor: Float) {
    for pixel in 0..<count {
      let level = Float(grey(at: pixel))
      red[pixel] = blend(level, red[pixel], factor)
      green[pixel] = blend(level, green[pixel], factor)
      blue[pixel] = blend(level, blue[pixel], factor)
    }
  }

  /// Turns the hue by `shift` turns, with hue, saturation and value held in 8 bits each.
  func adjustHue(_ shift: Float) {
    let steps = UInt8(truncatingIfNeeded: Int(shift * 255))
    for pixel in 0..<count {
      var colour = HueSaturationValue(red: red[pixel], green: green[pixel], blue: blue[pixel])
      colour.hue = Float(UInt8(colour.hue) &+ steps)
      (red[pixel], green[pixel], blue[pixel]) = colour.rgb
    }
  }

  /// ITU-R 601 luma in 16-bit fixed point.
  @inline(__always)
  private func grey(at pixel: Int) -> Int32 {
    (Int32(red[pixel]) * 19595 + Int32(green[pixel]) * 38470 + Int32(blue[pixel]) * 7471 + 0x8000)
      >> 16
  }
}

/// `base + factor · (level − base)`, cut to 0…255 and to a whole number.
@inline(__always)
private func blend(_ base: Float, _ level: Float, _ factor: Float) -> Float {
  let mixed = base + factor * (level - base)
  return Float(Int32(min(max(mixed, 0), 255)))
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
    let (fromRed, fromGreen, fromBlue) = (
      (value - red) / span, (value - green) / span, (value - blue) / span
    )
    let sixths =
      red == value
      ? fromBlue - fromGreen
      : green == value ? 2 + fromRed - fromBlue : 4 + fromGreen - fromRed
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
