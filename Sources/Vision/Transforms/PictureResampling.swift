import CResampling

/// What to cut out of a picture and how to resize it.
struct PictureResampling {
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
  /// A larger picture that the window is put into; nil where the window is all.
  var canvas: Canvas?

  /// A picture of one colour, and where the window lies in it.
  struct Canvas {
    let width: Int
    let height: Int
    let x: Int
    let y: Int
    /// Red, green and blue.
    let fill: [UInt8]
  }

  /// Resizes the whole of `box`.
  init(_ box: PixelBox, width: Int, height: Int, _ interpolation: Interpolation) {
    self.box = box
    self.width = width
    self.height = height
    self.interpolation = interpolation
    window = PixelBox(x: 0, y: 0, width: width, height: height)
  }

  /// Whether columns are resized before rows; rounding to 8 bits between the two shows which came first.
  ///
  /// Pillow 13's rule: when the height loses more than twice what the width loses.
  private var isColumnsFirst: Bool {
    let lost = box.height - height
    return lost > 0 && lost > 2 * (box.width - width)
  }

  private var across: ResamplingAxis {
    ResamplingAxis(source: box.width, full: width, offset: window.x, count: window.width)
  }

  private var down: ResamplingAxis {
    ResamplingAxis(source: box.height, full: height, offset: window.y, count: window.height)
  }

  /// Writes the three planes of the result, whole numbers in 0…255, each `window` in size.
  ///
  /// The very numbers that Pillow computes: two passes with whole-number weights and rounding to
  /// 8 bits between them. Only what the window needs is read.
  func render(_ image: Image, into planes: UnsafeMutablePointer<Float>) {
    precondition(
      box.fits(width: image.width, height: image.height)
        && window.fits(width: width, height: height),
      "cannot cut \(box) and \(window) out of \(image.width)×\(image.height) and \(width)×\(height)"
    )
    ThreadScratch.current.reserving(scratchBytes) { scratch in
      let horizontal = ResamplingWeights(across, interpolation, in: scratch)
      let vertical = ResamplingWeights(down, interpolation, in: scratch)
      let pixels = copy(image, horizontal.sources, vertical.sources, in: scratch)
      let resized =
        isColumnsFirst
        ? pixels.resizingColumns(vertical, in: scratch).resizingRows(horizontal, in: scratch)
        : pixels.resizingRows(horizontal, in: scratch).resizingColumns(vertical, in: scratch)
      let shown = canvas.map { resized.placed(in: $0, from: scratch) } ?? resized
      unsafe rs_planes_from_pixels(
        shown.bytes, shown.stride, shown.width, shown.height, isMirrored ? 1 : 0, planes)
    }
  }

  /// The memory that `render` needs at most.
  private var scratchBytes: Int {
    let longest = max(box.width, window.width)
    let tallest = max(box.height, window.height)
    let framed = canvas.map {
      ThreadScratch.bytes(for: PixelRows.stride($0.width) * $0.height, UInt8.self)
    }
    return ResamplingWeights.bytes(across, interpolation)
      + ResamplingWeights.bytes(down, interpolation)
      + 3 * ThreadScratch.bytes(for: PixelRows.stride(longest) * tallest, UInt8.self)
      + (framed ?? 0)
  }

  private func copy(
    _ image: Image, _ columns: Range<Int>, _ rows: Range<Int>, in scratch: ThreadScratch
  ) -> PixelRows {
    let target = PixelRows(width: columns.count, height: rows.count, in: scratch)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      let start = (box.y + rows.lowerBound) * image.width + box.x + columns.lowerBound
      unsafe rs_pixels_from_rgb(
        base + 3 * start, 3 * image.width, target.width, target.height, target.bytes,
        target.stride)
    }
    return target
  }
}

/// A picture in scratch memory, in the layout of the resampling kernels.
@safe private struct PixelRows {
  let width: Int
  let height: Int
  let stride: Int
  let bytes: UnsafeMutablePointer<UInt8>

  init(width: Int, height: Int, in scratch: ThreadScratch) {
    self.width = width
    self.height = height
    stride = PixelRows.stride(width)
    unsafe bytes = unsafe scratch.take(stride * height, UInt8.self)
  }

  /// Bytes of a row of four-byte pixels, a multiple of 16.
  static func stride(_ width: Int) -> Int { (4 * width + 15) & ~15 }

  /// The picture on a canvas.
  func placed(in canvas: PictureResampling.Canvas, from scratch: ThreadScratch) -> PixelRows {
    let target = PixelRows(width: canvas.width, height: canvas.height, in: scratch)
    for y in 0..<canvas.height {
      let row = unsafe target.bytes + y * target.stride
      for x in 0..<canvas.width {
        for channel in 0..<3 { unsafe row[4 * x + channel] = canvas.fill[channel] }
      }
      guard y >= canvas.y, y < canvas.y + height else { continue }
      unsafe (row + 4 * canvas.x).update(from: bytes + (y - canvas.y) * stride, count: 4 * width)
    }
    return target
  }

  func resizingRows(_ weights: ResamplingWeights, in scratch: ThreadScratch) -> PixelRows {
    if weights.isIdentity { return self }
    let target = PixelRows(width: weights.count, height: height, in: scratch)
    var resampling = unsafe weights.kernelArgument
    unsafe rs_resample_rows(bytes, stride, height, &resampling, target.bytes, target.stride)
    return target
  }

  func resizingColumns(_ weights: ResamplingWeights, in scratch: ThreadScratch) -> PixelRows {
    if weights.isIdentity { return self }
    let target = PixelRows(width: width, height: weights.count, in: scratch)
    var resampling = unsafe weights.kernelArgument
    unsafe rs_resample_columns(bytes, stride, &resampling, target.bytes)
    return target
  }
}
