import Support
import Tensors

/// The transform of training: a random resized crop, perhaps mirrored and recoloured, normalised.
package struct TrainingAugmentation: Sendable, Equatable {
  /// Width and height of what the encoder sees.
  package let side: Int
  /// The box that is cut out.
  package let crop: RandomResizedCrop
  /// Whether half of the pictures are mirrored left to right.
  package let flip: Bool
  /// Random changes of colour, if any.
  package let colourJitter: ColourJitter?
  /// The filter of the resize.
  package let interpolation: Interpolation
  /// What samples are normalised with.
  package let statistics: PixelStatistics
  /// What a white sample is before that.
  package var white = 1.0

  /// A transform; MAE's by default.
  package init(
    side: Int, scale: ClosedRange<Double> = 0.2...1, ratio: ClosedRange<Double> = 3 / 4...4 / 3,
    flip: Bool = true, colourJitter: ColourJitter? = nil, interpolation: Interpolation = .bicubic,
    statistics: PixelStatistics = .imageNet
  ) {
    precondition(side > 0, "side \(side)")
    self.side = side
    crop = RandomResizedCrop(scale: scale, ratio: ratio)
    self.flip = flip
    self.colourJitter = colourJitter
    self.interpolation = interpolation
    self.statistics = statistics
  }

  /// The number of floats that `render` writes.
  package var count: Int { 3 * side * side }

  /// Writes a view of the picture: channel, row, column; `3 × side × side` floats.
  ///
  /// Depends on nothing but the picture and `random`. Safe to call from any thread; allocates
  /// nothing once a thread has rendered a similar picture.
  package func render(
    _ image: Image, random: inout RandomStream, into planes: UnsafeMutablePointer<Float>
  ) {
    unsafe renderLevels(image, random: &random, into: planes)
    unsafe statistics.normalise(planes, plane: side * side, white: white)
  }

  /// Writes the same view before it is normalised: levels in 0…255.
  package func renderLevels(
    _ image: Image, random: inout RandomStream, into planes: UnsafeMutablePointer<Float>
  ) {
    let box = crop.box(width: image.width, height: image.height, random: &random)
    var resampling = PictureResampling(box, width: side, height: side, interpolation)
    resampling.isMirrored = flip && random.next() >> 63 == 1
    unsafe resampling.render(image, into: planes)
    unsafe colourJitter?.apply(to: planes, plane: side * side, random: &random)
  }
}
