/// The transform of evaluation: resize the short side, cut out the centre, normalise.
///
/// As torchvision's `Resize(side / cropRatio)`, `CenterCrop(side)`, `ToTensor`, `Normalize`.
package struct Preprocessing: Sendable, Equatable {
  /// Width and height of what the encoder sees.
  package let side: Int
  /// `side` divided by the length that the short side is resized to; in 0…1.
  package let cropRatio: Double
  /// The filter of the resize.
  package let interpolation: Interpolation
  /// What samples are normalised with.
  package let statistics: PixelStatistics

  /// A transform; its values must be in their ranges.
  package init(
    side: Int, cropRatio: Double = 0.875, interpolation: Interpolation = .bicubic,
    statistics: PixelStatistics = .imageNet
  ) {
    precondition(
      side > 0 && cropRatio > 0 && cropRatio <= 1, "side \(side), crop ratio \(cropRatio)")
    self.side = side
    self.cropRatio = cropRatio
    self.interpolation = interpolation
    self.statistics = statistics
  }

  /// The number of floats that `render` writes.
  package var count: Int { 3 * side * side }

  /// Writes the transformed picture: channel, row, column; `3 × side × side` floats.
  ///
  /// Safe to call from any thread; allocates nothing once a thread has rendered a similar picture.
  package func render(_ image: Image, into planes: UnsafeMutablePointer<Float>) {
    resampling(of: image).render(image, into: planes)
    statistics.normalise(planes, plane: side * side)
  }

  /// What an encoder sees of the picture, as a picture.
  package func preview(_ image: Image) -> Image {
    let planes = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer { planes.deallocate() }
    resampling(of: image).render(image, into: planes)
    return Image(width: side, height: side, levels: planes)
  }

  /// The resize and crop of a picture; only the pixels that are kept are computed.
  private func resampling(of image: Image) -> Resampling {
    let short = max(side, Int(Double(side) / cropRatio))
    var (width, height) = (short, short)
    if image.width < image.height {
      height = Int(Double(short * image.height) / Double(image.width))
    } else {
      width = Int(Double(short * image.width) / Double(image.height))
    }
    var resampling = Resampling(image.bounds, width: width, height: height, interpolation)
    resampling.window = PixelBox(
      x: half(width - side), y: half(height - side), width: side, height: side)
    return resampling
  }

  /// Half of a number of pixels, ties to even as in Python's `round`.
  private func half(_ pixels: Int) -> Int {
    Int((Double(pixels) / 2).rounded(.toNearestOrEven))
  }
}
