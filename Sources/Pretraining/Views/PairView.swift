import Support
import Tensors
import Vision

/// Two strong views: random resized crop, mirroring, colour jitter, grey (SimCLR).
///
/// Chen et al. 2020, "SimCLR", appendix A and official code, without the blur, which its CIFAR recipe leaves out. The
/// jitter is torchvision's, on 8-bit levels.
package struct PairView: ViewBuilder {
  package static let kind = "pair"
  package static let summary = "two strong crops, recoloured or grey (SimCLR)"
  private let augmentation: TrainingAugmentation
  private let grey: Float

  package init(_ fields: Fields, side: Int) throws {
    let scale = try fields.takeRange(
      "scale", default: 0.08...1, within: 1e-4...1, "area of the crop")
    let strength = try fields.take(
      "strength", default: 0.5, in: 0...1.25,
      "of the jitter: brightness, contrast and saturation change by 0.8 times it, hue by 0.2 times it"
    )
    let probability = try fields.take(
      "jitter_probability", default: 0.8, in: 0...1, "how likely a view is jittered")
    grey = Float(
      try fields.take("grey_probability", default: 0.2, in: 0...1, "how likely a view is grey"))
    let flip = try fields.take("flip", default: true, "mirror half of the views")
    augmentation = TrainingAugmentation(
      side: side, scale: scale, flip: flip,
      colourJitter: ColourJitter(
        brightness: Float(0.8 * strength), contrast: Float(0.8 * strength),
        saturation: Float(0.8 * strength), hue: Float(min(0.5, 0.2 * strength)),
        probability: Float(probability)),
      interpolation: try fields.takeInterpolation(default: .bicubic),
      statistics: try PixelStatistics(fields, default: .imageNet))
  }

  package let count = 2
  package var statistics: PixelStatistics { augmentation.statistics }
  package var interpolation: Interpolation { augmentation.interpolation }

  package func render(
    _ image: Image, random: inout RandomStream, into planes: UnsafeMutablePointer<Float>
  ) {
    unsafe augmentation.renderLevels(image, random: &random, into: planes)
    if random.uniform() < grey {
      unsafe makeGrey(planes, plane: augmentation.side * augmentation.side)
    }
  }
}
