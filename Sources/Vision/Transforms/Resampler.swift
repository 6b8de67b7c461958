/// What to cut out of a picture and how to resize it.
struct Resampling {
  /// The part of the picture that is read; pixels outside it have no influence.
  var box: PixelBox
  /// The size that `box` is resized to.
  var width: Int
  var height: Int
  /// The part of the resized picture that is wanted.
  var window: PixelBox
  var interpolation: Interpolation
  /// Whether the result is mirrored left to right.
  var isMirrored = false

  /// Resizes the whole of `box`.
  init(_ box: PixelBox, width: Int, height: Int, _ interpolation: Interpolation) {
    self.box = box
    self.width = width
    self.height = height
    self.interpolation = interpolation
    window = PixelBox(x: 0, y: 0, width: width, height: height)
  }

  /// Writes the three planes of the result, whole numbers in 0…255, each `window` in size.
  ///
  /// Two passes, rows first, with rounding to 8 bits between them, as in Pillow. Sums are of
  /// `Float` in a fixed order, so the result is the same on every machine; it differs from
  /// Pillow's integer sums by at most one level, and that rarely.
  func render(_ image: Image, into planes: UnsafeMutablePointer<Float>) {
    precondition(
      box.fits(width: image.width, height: image.height)
        && window.fits(width: width, height: height),
      "cannot cut \(box) and \(window) out of \(image.width)×\(image.height) and \(width)×\(height)"
    )
    let across = ResamplingAxis(
      source: box.width, full: width, offset: window.x, count: window.width)
    let down = ResamplingAxis(
      source: box.height, full: height, offset: window.y, count: window.height)
    let padded = (window.width + 7) & ~7
    let bytes =
      ResamplingWeights.bytes(across, interpolation) + ResamplingWeights.bytes(down, interpolation)
      + ThreadScratch.bytes(for: box.width, SIMD4<Float>.self)
      + ThreadScratch.bytes(for: box.height * 3 * padded, Float.self)
    ThreadScratch.current.reserving(bytes) { scratch in
      let horizontal = ResamplingWeights(across, interpolation, in: scratch)
      let vertical = ResamplingWeights(down, interpolation, in: scratch)
      let row = scratch.take(box.width, SIMD4<Float>.self)
      let rows = scratch.take(box.height * 3 * padded, Float.self)
      let range = vertical.sourceRange
      image.pixels.withUnsafeBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return }
        for y in range {
          let source = base + 3 * ((box.y + y) * image.width + box.x)
          resizeRow(source, horizontal, row, into: rows + y * 3 * padded, padded)
        }
      }
      resizeColumns(rows, padded, vertical, into: planes)
    }
  }

  /// Resizes one row of interleaved samples into three rows of `padded` floats.
  @inline(__always)
  private func resizeRow(
    _ source: UnsafePointer<UInt8>, _ horizontal: ResamplingWeights,
    _ row: UnsafeMutablePointer<SIMD4<Float>>, into target: UnsafeMutablePointer<Float>,
    _ padded: Int
  ) {
    for x in 0..<box.width {
      row[x] = SIMD4(
        Float(source[3 * x]), Float(source[3 * x + 1]), Float(source[3 * x + 2]), 0)
    }
    let last = horizontal.count - 1
    for x in 0...last {
      var sum = SIMD4<Float>(repeating: tieBreaker)
      let pixels = row + Int(horizontal.first[x])
      let weights = horizontal.weights + x * horizontal.taps
      for tap in 0..<Int(horizontal.used[x]) { sum += weights[tap] * pixels[tap] }
      let level = toLevels(sum)
      let place = isMirrored ? last - x : x
      target[place] = level.x
      target[padded + place] = level.y
      target[2 * padded + place] = level.z
    }
    for place in horizontal.count..<padded {
      target[place] = 0
      target[padded + place] = 0
      target[2 * padded + place] = 0
    }
  }

  /// Resizes the columns of rows that `resizeRow` wrote.
  @inline(__always)
  private func resizeColumns(
    _ rows: UnsafePointer<Float>, _ padded: Int, _ vertical: ResamplingWeights,
    into planes: UnsafeMutablePointer<Float>
  ) {
    let rowStride = 3 * padded
    for y in 0..<vertical.count {
      let weights = vertical.weights + y * vertical.taps
      let used = Int(vertical.used[y])
      for channel in 0..<3 {
        let source = rows + Int(vertical.first[y]) * rowStride + channel * padded
        let target = planes + (channel * window.height + y) * window.width
        for x in stride(from: 0, to: window.width, by: 8) {
          var sum = SIMD8<Float>(repeating: tieBreaker)
          for tap in 0..<used {
            sum += weights[tap] * load(source + tap * rowStride + x)
          }
          store(toLevels(sum), to: target + x, at: window.width - x)
        }
      }
    }
  }
}

/// Half a unit in the last place of the sums: makes exact ties round up, as Pillow's do.
private let tieBreaker: Float = 0x1p-15

@inline(__always)
private func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

/// Writes the first `room` lanes, at most all eight.
@inline(__always)
private func store(_ lanes: SIMD8<Float>, to pointer: UnsafeMutablePointer<Float>, at room: Int) {
  if room >= 8 {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: SIMD8<Float>.self)
  } else {
    for lane in 0..<room { pointer[lane] = lanes[lane] }
  }
}

/// Clamped to 0…255 and rounded to whole numbers (by adding and removing 2²³).
@inline(__always)
func toLevels<Lanes: SIMD>(_ value: Lanes) -> Lanes where Lanes.Scalar == Float {
  let clamped = value.clamped(lowerBound: Lanes(repeating: 0), upperBound: Lanes(repeating: 255))
  return (clamped + Lanes(repeating: 0x1p23)) - Lanes(repeating: 0x1p23)
}
