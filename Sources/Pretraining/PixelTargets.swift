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
}
