import Support
import Tensors

/// Random changes of brightness, contrast, saturation and hue in a random order.
///
/// As torchvision's `ColorJitter` makes them to a Pillow image: samples are rounded to 8 bits after
/// each change.
package struct ColourJitter: Sendable, Equatable {
  /// The factor is drawn from max(0, 1 − b)…1 + b; 0 changes nothing.
  package let brightness: Float
  /// As `brightness`.
  package let contrast: Float
  /// As `brightness`.
  package let saturation: Float
  /// The shift is drawn from −h…h turns of the colour circle; at most 0.5.
  package let hue: Float
  /// The share of pictures that are changed at all.
  package let probability: Float

  /// A jitter; all values must be at least zero.
  package init(
    brightness: Float, contrast: Float, saturation: Float, hue: Float, probability: Float = 1
  ) {
    precondition(
      min(brightness, contrast, saturation, hue) >= 0 && hue <= 0.5,
      "colour jitter \(brightness), \(contrast), \(saturation), \(hue)")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
    self.probability = probability
  }

  /// Changes three planes of levels (whole numbers in 0…255) in place.
  func apply(to planes: UnsafeMutablePointer<Float>, plane: Int, random: inout RandomStream) {
    guard random.uniform() < probability else { return }
    // Four draws for the order and four for the amounts, whatever is switched on.
    var order = SIMD4<UInt8>(0, 1, 2, 3)
    for last in stride(from: 3, to: 0, by: -1) {
      let other = random.below(last + 1)
      (order[last], order[other]) = (order[other], order[last])
    }
    let amounts = SIMD4(
      random.uniform(max(0, 1 - brightness), 1 + brightness),
      random.uniform(max(0, 1 - contrast), 1 + contrast),
      random.uniform(max(0, 1 - saturation), 1 + saturation),
      random.uniform(-hue, hue))
    let colours = unsafe ColourPlanes(planes, plane: plane)
    for step in 0..<4 {
      switch order[step] {
      case 0 where brightness > 0: colours.adjustBrightness(amounts[0])
      case 1 where contrast > 0: colours.adjustContrast(amounts[1])
      case 2 where saturation > 0: colours.adjustSaturation(amounts[2])
      case 3 where hue > 0: colours.adjustHue(amounts[3])
      default: break
      }
    }
  }
}
