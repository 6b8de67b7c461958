/// A colour as hue, saturation and value in 0…1, in double precision: scikit-image's `rgb2hsv` and `hsv2rgb`.
///
/// The operations are those of scikit-image in its order, so that truncation to whole levels falls alike.
struct HSVColour {
  var hue: Double
  var saturation: Double
  var value: Double

  /// The colour of red, green and blue in 0…1.
  @inline(__always)
  init(_ red: Double, _ green: Double, _ blue: Double) {
    value = red > green ? (red > blue ? red : blue) : (green > blue ? green : blue)
    let least = red < green ? (red < blue ? red : blue) : (green < blue ? green : blue)
    let span = value - least
    guard span > 0 else {
      hue = 0
      saturation = 0
      return
    }
    saturation = span / value
    // Where two channels share the maximum, the later rule holds.
    let sixths: Double
    if blue == value {
      sixths = 4 + (red - green) / span
    } else if green == value {
      sixths = 2 + (blue - red) / span
    } else {
      sixths = (green - blue) / span
    }
    let turns = sixths / 6
    hue = turns < 0 ? turns + 1 : turns
  }

  /// Red, green and blue in 0…1.
  @inline(__always)
  var rgb: (Double, Double, Double) {
    let position = hue * 6
    let sector = position.rounded(.down)
    let part = position - sector
    let low = value * (1 - saturation)
    let falling = value * (1 - part * saturation)
    let rising = value * (1 - (1 - part) * saturation)
    switch Int(sector) % 6 {
    case 0: return (value, rising, low)
    case 1: return (falling, value, low)
    case 2: return (low, value, rising)
    case 3: return (low, falling, value)
    case 4: return (rising, low, value)
    default: return (value, low, falling)
    }
  }
}

extension Image {
  /// The picture with every colour changed, truncated to whole levels.
  @inline(__always)
  func changingColours(_ change: (inout HSVColour) -> Void) -> Image {
    let levels = (0..<256).map { Double($0) / 255 }
    return unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe levels.withUnsafeBufferPointer { levels in
        unsafe Image(width: width, height: height) { target in
          for place in stride(from: 0, to: pixels.count, by: 3) {
            var colour = unsafe HSVColour(
              levels[Int(pixels[place])], levels[Int(pixels[place + 1])],
              levels[Int(pixels[place + 2])])
            change(&colour)
            let (red, green, blue) = colour.rgb
            unsafe target[place] = truncated(red)
            unsafe target[place + 1] = truncated(green)
            unsafe target[place + 2] = truncated(blue)
          }
        }
      }
    }
  }
}

/// A share of white as a level, cut and truncated, as `uint8(clip(x, 0, 1) · 255)`.
@inline(__always)
func truncated(_ share: Double) -> UInt8 {
  let positive = share > 0 ? share : 0
  return UInt8(truncatingIfNeeded: Int32((positive < 1 ? positive : 1) * 255))
}
