import Support
import Tensors
import Vision

/// One random resized crop, perhaps mirrored and recoloured (MAE, SimMIM, MFM, data2vec).
package struct CropView: ViewBuilder {
  package static let kind = "crop"
  package static let summary = "one random resized crop, perhaps mirrored and recoloured"
  private let augmentation: TrainingAugmentation

  package init(_ fields: Fields, side: Int) throws {
    augmentation = try TrainingAugmentation(fields, side: side)
  }

  package let count = 1
  package var statistics: PixelStatistics { augmentation.statistics }
  package var interpolation: Interpolation { augmentation.interpolation }

  package func render(
    _ image: Image, random: inout RandomStream, into planes: UnsafeMutablePointer<Float>
  ) {
    unsafe augmentation.renderLevels(image, random: &random, into: planes)
  }
}
