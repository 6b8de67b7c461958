import CKernels

extension Graph {
  /// The pixels of chosen patches as rows, perhaps normalised: mean 0 and unbiased variance 1 in each row.
  ///
  /// He et al. 2022, section 4.
  /// - Parameters:
  ///   - images: float32 `[batch, channels, height, width]`; no gradient reaches them.
  ///   - rows: of the batch's patches, `image × patches of an image + raster index`.
  ///   - patch: side of a patch, in pixels.
  ///   - isNormalised: whether each row is.
  ///   - isChannelFirst: whether a row holds one colour after the other; else one pixel after the other.
  /// - Returns: float32 `[rows, channels × patch × patch]`.
  package func patchTargets(
    _ images: Node, rows: [Int32], patch: Int, isNormalised: Bool, isChannelFirst: Bool
  ) -> Node {
    let (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3])
    let length = channels * patch * patch
    let patches = Int32((height / patch) * (width / patch))
    return constant([rows.count, length]) { out in
      withBuffer(bytes: length * 4) { buffer in
        let pixels = buffer.assumingMemoryBound(to: Float.self)
        for (index, row) in rows.enumerated() {
          var place = row % patches
          let target = out + index * length
          uk_patch_targets(
            images.data + Int(row / patches) * channels * height * width, channels, height, width,
            patch, &place, 1, isNormalised ? 1 : 0, isChannelFirst ? pixels : target)
          guard isChannelFirst else { continue }
          for channel in 0..<channels {
            for pixel in 0..<patch * patch {
              target[channel * patch * patch + pixel] = pixels[pixel * channels + channel]
            }
          }
        }
      }
    }
  }
}
