/// The transform of evaluation: a picture is resized, cut or filled up to a square, and normalised.
///
/// It can say what torchvision, timm, OpenCLIP and Hugging Face's image processors do; resized pixels are Pillow's.
package struct Preprocessing: Sendable, Equatable {
  /// A length that a picture is resized to.
  package enum Length: Sendable, Equatable {
    /// In pixels.
    case pixels(Int)
    /// As the share that the encoder sees of it: the side divided by this, rounded down; timm's `crop_pct`.
    case ratio(Double)
  }

  /// How a picture is resized, before it is cut to a square.
  package enum Resize: Sendable, Equatable {
    /// Not at all.
    case none
    /// The short side to a length, the long side in proportion, rounded down; torchvision's `Resize`.
    case shortSide(Length)
    /// As `shortSide`, but smaller where the long side would be longer than `atMost` pixels; as in DETR.
    case shortSideWithin(Length, atMost: Int)
    /// The long side to a length, the short side in proportion, rounded; timm's mode `border`.
    case longSide(Length)
    /// Both sides to given lengths, whatever the shape.
    case squash(width: Length, height: Length)
  }

  /// Where a cut lies when the margins cannot be equal.
  package enum Margins: String, Sendable, CaseIterable {
    /// Half a pixel is rounded to the even number: torchvision, timm, OpenCLIP.
    case even
    /// Half a pixel is rounded down: Hugging Face.
    case down
  }

  /// Width and height of what the encoder sees.
  package let side: Int
  /// How a picture is resized.
  package var resize: Resize
  /// The filter of the resize.
  package var interpolation: Interpolation
  /// Where the centre is.
  package var margins = Margins.even
  /// Red, green and blue beside a picture that is smaller than the side.
  package var fill: [UInt8] = [0, 0, 0]
  /// Pixels to the right and below that are made but not seen, where patches do not fill the picture.
  package var overhang = 0
  /// What a white sample is before it is normalised: 255 times the factor that samples are multiplied by.
  package var white = 1.0
  /// What samples are normalised with.
  package var statistics: PixelStatistics

  /// A transform; its values must be in their ranges.
  package init(
    side: Int, resize: Resize, interpolation: Interpolation = .bicubic,
    statistics: PixelStatistics = .imageNet
  ) {
    precondition(side > 0, "side \(side)")
    self.side = side
    self.resize = resize
    self.interpolation = interpolation
    self.statistics = statistics
  }

  /// The usual transform: the short side to `side / cropRatio`, and the centre.
  package init(
    side: Int, cropRatio: Double = 0.875, interpolation: Interpolation = .bicubic,
    statistics: PixelStatistics = .imageNet
  ) {
    precondition(cropRatio > 0, "crop ratio \(cropRatio)")
    self.init(
      side: side, resize: .shortSide(.ratio(cropRatio)), interpolation: interpolation,
      statistics: statistics)
  }

  /// Below this side networks are trained on whole pictures (CIFAR's), and nothing is cut off.
  package static let smallestCropped = 128

  /// The same transform of pictures that are not cut when the side is small; see `smallestCropped`.
  package var wholeWhenSmall: Preprocessing {
    guard side < Self.smallestCropped else { return self }
    var whole = self
    switch resize {
    case .shortSide: whole.resize = .shortSide(.ratio(1))
    case .squash: whole.resize = .squash(width: .ratio(1), height: .ratio(1))
    case .none, .shortSideWithin, .longSide: break
    }
    return whole
  }

  /// The transform of an encoder that brings none: bicubic, to 256/224 of the side, and the centre; below 128 pixels
  /// the whole picture.
  package static func standard(side: Int) -> Preprocessing {
    Preprocessing(side: side).wholeWhenSmall
  }

  /// The same transform for another side; lengths in pixels grow in proportion.
  package func with(side newSide: Int) -> Preprocessing {
    guard newSide != side else { return self }
    func scaled(_ length: Length) -> Length {
      guard case .pixels(let count) = length else { return length }
      return .pixels(max(1, count * newSide / side))
    }
    var result = Preprocessing(
      side: newSide, resize: resize, interpolation: interpolation, statistics: statistics)
    (result.margins, result.fill, result.white) = (margins, fill, white)
    switch resize {
    case .none: break
    case .shortSide(let length): result.resize = .shortSide(scaled(length))
    case .shortSideWithin(let length, let most):
      result.resize = .shortSideWithin(scaled(length), atMost: max(1, most * newSide / side))
    case .longSide(let length): result.resize = .longSide(scaled(length))
    case .squash(let width, let height):
      result.resize = .squash(width: scaled(width), height: scaled(height))
    }
    return result
  }

  /// The same transform for a network that sees less of the picture, whose patches do not fill it.
  package func trimmed(to newSide: Int) -> Preprocessing {
    precondition(newSide <= side, "side \(newSide) of \(side)")
    var result = Preprocessing(
      side: newSide, resize: resize, interpolation: interpolation, statistics: statistics)
    (result.margins, result.fill, result.white) = (margins, fill, white)
    result.overhang = overhang + side - newSide
    return result
  }

  /// Width and height of the picture that is made.
  var made: Int { side + overhang }

  /// The number of floats that `render` writes.
  package var count: Int { 3 * side * side }

  /// Writes the transformed picture: channel, row, column; `3 × side × side` floats.
  ///
  /// Safe to call from any thread; allocates nothing once a thread has rendered a similar picture.
  package func render(_ image: Image, into planes: UnsafeMutablePointer<Float>) {
    unsafe resampling(of: image).render(image, into: planes)
    unsafe statistics.normalise(planes, plane: side * side, white: white)
  }

  /// What an encoder sees of the picture, as a picture.
  package func preview(_ image: Image) -> Image {
    let planes = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer { unsafe planes.deallocate() }
    unsafe resampling(of: image).render(image, into: planes)
    return unsafe Image(width: side, height: side, levels: planes)
  }

  /// The resize and cut of a picture; only the pixels that are kept are computed.
  private func resampling(of image: Image) -> PictureResampling {
    let (width, height) = resized(width: image.width, height: image.height)
    var resampling = PictureResampling(image.bounds, width: width, height: height, interpolation)
    let across = fitted(width)
    let down = fitted(height)
    resampling.window = PixelBox(
      x: across.cut, y: down.cut, width: across.count, height: down.count)
    if across.count < side || down.count < side {
      resampling.canvas = .init(
        width: side, height: side, x: across.place, y: down.place, fill: fill)
    }
    return resampling
  }

  /// What is seen of a length: from where, how many pixels, and at which place.
  private func fitted(_ length: Int) -> (cut: Int, count: Int, place: Int) {
    guard length >= made else {
      let place = min((made - length) / 2, side - 1)
      return (0, min(length, side - place), place)
    }
    let rest = length - made
    guard margins == .even else { return (rest / 2, side, 0) }
    return (Int((Double(rest) / 2).rounded(.toNearestOrEven)), side, 0)
  }
}
