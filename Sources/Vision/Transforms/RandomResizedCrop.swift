import Foundation
import Support
import Tensors

/// Draws a box of random area and aspect ratio, as torchvision's `RandomResizedCrop` does.
package struct RandomResizedCrop: Sendable, Equatable {
  /// The box's area as a share of the picture's.
  package let scale: ClosedRange<Double>
  /// The box's width divided by its height; drawn uniformly in its logarithm.
  package let ratio: ClosedRange<Double>

  /// A crop; bounds must be positive.
  package init(scale: ClosedRange<Double>, ratio: ClosedRange<Double>) {
    precondition(
      scale.lowerBound > 0 && ratio.lowerBound > 0, "crop scale \(scale) and ratio \(ratio)")
    self.scale = scale
    self.ratio = ratio
  }

  /// A box inside a picture of the given size.
  ///
  /// Ten tries; when none fits, the largest centred box whose ratio is allowed.
  package func box(width: Int, height: Int, random: inout RandomStream) -> PixelBox {
    let area = Double(width * height)
    let low = log(ratio.lowerBound)
    let high = log(ratio.upperBound)
    for _ in 0..<10 {
      let target = area * between(scale.lowerBound, scale.upperBound, &random)
      let aspect = exp(between(low, high, &random))
      let boxWidth = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
      let boxHeight = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
      if boxWidth > 0 && boxWidth <= width && boxHeight > 0 && boxHeight <= height {
        let y = random.below(height - boxHeight + 1)
        let x = random.below(width - boxWidth + 1)
        return PixelBox(x: x, y: y, width: boxWidth, height: boxHeight)
      }
    }
    return centredBox(width: width, height: height)
  }

  private func between(_ low: Double, _ high: Double, _ random: inout RandomStream) -> Double {
    low + (high - low) * random.uniformDouble()
  }

  private func centredBox(width: Int, height: Int) -> PixelBox {
    let aspect = Double(width) / Double(height)
    var (boxWidth, boxHeight) = (width, height)
    if aspect < ratio.lowerBound {
      boxHeight = Int((Double(width) / ratio.lowerBound).rounded(.toNearestOrEven))
    } else if aspect > ratio.upperBound {
      boxWidth = Int((Double(height) * ratio.upperBound).rounded(.toNearestOrEven))
    }
    (boxWidth, boxHeight) = (max(1, boxWidth), max(1, boxHeight))
    return PixelBox(
      x: (width - boxWidth) / 2, y: (height - boxHeight) / 2, width: boxWidth, height: boxHeight)
  }
}
