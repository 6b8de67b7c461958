/// Planes of single-precision samples, one after the other, rows from the top, without gaps.
///
/// The memory of filters: a class, so that it is freed when the last use of a picture ends.
@safe final class FloatPlanes {
  /// Number of columns.
  let width: Int
  /// Number of rows.
  let height: Int
  /// Number of planes: 3 for a picture, 1 for a layer of snow.
  let planes: Int
  /// `planes × height × width` samples.
  let samples: UnsafeMutablePointer<Float>

  /// Samples of a plane.
  var area: Int { width * height }
  /// All samples.
  var count: Int { planes * area }

  /// Uninitialised planes.
  init(width: Int, height: Int, planes: Int) {
    self.width = width
    self.height = height
    self.planes = planes
    unsafe samples = .allocate(capacity: max(1, width * height * planes))
  }

  deinit { unsafe samples.deallocate() }

  /// A picture's planes, red first, white at `white`.
  convenience init(_ image: Image, white: Float = 255) {
    self.init(width: image.width, height: image.height, planes: 3)
    let scale = white / 255
    let (red, green, blue) = unsafe (samples, samples + area, samples + 2 * area)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      guard let source = pixels.baseAddress else { return }
      for pixel in 0..<area {
        unsafe red[pixel] = unsafe Float(source[3 * pixel]) * scale
        unsafe green[pixel] = unsafe Float(source[3 * pixel + 1]) * scale
        unsafe blue[pixel] = unsafe Float(source[3 * pixel + 2]) * scale
      }
    }
  }

  /// The start of a plane.
  func plane(_ index: Int) -> UnsafeMutablePointer<Float> { unsafe samples + index * area }

  /// Sets every sample.
  func fill(_ value: Float) { unsafe samples.update(repeating: value, count: count) }

  /// A picture of three planes, samples times `scale` being its levels.
  ///
  /// - Parameters:
  ///   - rounding: how levels become whole.
  ///   - scale: 255 where white is 1, else 1.
  /// - Returns: the picture, samples beyond 0…255 cut.
  func image(_ rounding: LevelRounding = .down, scale: Float = 1) -> Image {
    precondition(planes == 3, "a picture has three planes, not \(planes)")
    let (red, green, blue) = unsafe (samples, samples + area, samples + 2 * area)
    let shift = rounding.shift
    return unsafe Image(width: width, height: height) { target in
      for pixel in 0..<area {
        unsafe target[3 * pixel] = unsafe level(red[pixel] * scale, shift)
        unsafe target[3 * pixel + 1] = unsafe level(green[pixel] * scale, shift)
        unsafe target[3 * pixel + 2] = unsafe level(blue[pixel] * scale, shift)
      }
    }
  }
}

/// How a sample becomes a whole level.
enum LevelRounding {
  /// Truncated, as NumPy's `uint8` of a positive number; 2⁻¹⁰ of a level is given, since sums in single precision may
  /// fall that far below a whole number that they stand for.
  case down
  /// To the nearest.
  case nearest

  /// What is added before rounding to the nearest.
  var shift: Float {
    switch self {
    case .down: -0.5 + 0x1p-10
    case .nearest: 0
    }
  }
}

/// A level cut to 0…255 and rounded to the nearest after `shift` is added, without a branch or a call.
@inline(__always)
func level(_ value: Float, _ shift: Float) -> UInt8 {
  let positive = value > 0 ? value : 0
  let bounded = positive < 255 ? positive : 255
  return UInt8(truncatingIfNeeded: (bounded + shift + 0x1.8p23).bitPattern)
}
