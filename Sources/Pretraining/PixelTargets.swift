import CKernels
import Tensors

/// The pixels of patches as regression targets, channel fastest, optionally normalised per patch.
///
/// He et al. 2022, section 4: with normalisation, each patch has mean 0 and (unbiased) variance 1.
struct PixelTargets {
  let patch: Int
  let isNormalised: Bool

  /// Values of one patch's target.
  func length(channels: Int) -> Int { channels * patch * patch }

  /// Targets of chosen patches.
  ///
  /// - Parameters:
  ///   - images: float32 `[batch, channels, side, side]`.
  ///   - places: raster indices, `[batch × count]`.
  ///   - graph: lends the memory.
  /// - Returns: float32 `[batch, count, patch × patch × channels]`.
  func callAsFunction(_ images: Node, at places: [Int32], in graph: Graph) -> Node {
    let (batch, channels, height, width) = (
      images.shape[0], images.shape[1], images.shape[2], images.shape[3]
    )
    let count = places.count / max(batch, 1)
    let length = length(channels: channels)
    return graph.constant([batch, count, length]) { out in
      places.withUnsafeBufferPointer { list in
        for image in 0..<batch {
          uk_patch_targets(
            images.data + image * channels * height * width, channels, height, width, patch,
            list.baseAddress.map { $0 + image * count }, count, isNormalised ? 1 : 0,
            out + image * count * length)
        }
      }
    }
  }

  /// Images with chosen patches replaced by predicted targets.
  ///
  /// Where targets are normalised, each patch gets back the mean and deviation of the original: the
  /// network never learned to predict these, so the picture shows what it did learn.
  /// - Parameters:
  ///   - predictions: float32 `[batch, count, patch × patch × channels]`.
  ///   - places: raster indices, `[batch × count]`.
  ///   - images: float32 `[batch, channels, side, side]`.
  /// - Returns: the images' values, in their layout.
  func placing(_ predictions: Node, at places: [Int32], into images: Node) -> [Float] {
    let (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3])
    var values = Array(UnsafeBufferPointer(start: images.data, count: images.count))
    let count = places.count / max(images.shape[0], 1)
    let length = length(channels: channels)
    for (index, place) in places.enumerated() {
      let corner =
        index / max(count, 1) * channels * height * width
        + Int(place) / (width / patch) * patch * width + Int(place) % (width / patch) * patch
      // The offset of each value of the patch, channel fastest.
      let offsets = (0..<length).map { value in
        let (pixel, channel) = (value / channels, value % channels)
        return corner + (channel * height + pixel / patch) * width + pixel % patch
      }
      let scale =
        isNormalised ? Self.moments(offsets.map { images.data[$0] }) : (mean: 0, deviation: 1)
      for (value, offset) in offsets.enumerated() {
        values[offset] = predictions.data[index * length + value] * scale.deviation + scale.mean
      }
    }
    return values
  }

  /// Mean and (unbiased) standard deviation of a patch, as targets are normalised with.
  private static func moments(_ values: [Float]) -> (mean: Float, deviation: Float) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let variance = squares / Double(max(1, values.count - 1))
    return (Float(mean), Float((variance + 1e-6).squareRoot()))
  }
}
