import CKernels

extension Graph {
  /// Histograms of oriented gradients of chosen patches as rows.
  ///
  /// Wei et al. 2022, "MaskFeat", official code: Sobel differences of each channel over a mirrored border; each adds its
  /// magnitude to the bin of its direction, opposite ones sharing a bin, without interpolation; the bins of each cell and
  /// channel have norm 1, and are 0 where nothing changes.
  /// - Parameters:
  ///   - images: float32 `[batch, channels, height, width]`; no gradient reaches them.
  ///   - rows: of the batch's patches, `image × patches of an image + raster index`.
  ///   - patch: side of a patch, in pixels.
  ///   - cell: side of a cell, in pixels; it divides the patch.
  ///   - bins: directions of half a turn, at most 64.
  /// - Returns: float32 `[rows, channels × bins × cells of a patch]`, cells fastest.
  package func orientedGradients(
    _ images: Node, rows: [Int32], patch: Int, cell: Int, bins: Int
  ) -> Node {
    let (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3])
    precondition(
      patch % cell == 0 && height % patch == 0 && width % patch == 0 && min(height, width) > 1
        && bins <= 64, "cells of \(cell) do not tile patches of \(patch) in \(images.shape)")
    let (across, side) = (width / cell, patch / cell)
    let (cells, planes) = (height / cell * across, channels * bins)
    let patches = height / patch * (width / patch)
    return constant([rows.count, planes * side * side]) { out in
      withBuffer(bytes: images.shape[0] * planes * cells * 4) { buffer in
        let histograms = buffer.assumingMemoryBound(to: Float.self)
        uk_oriented_gradients(
          images.data, images.shape[0] * channels, height, width, cell, bins, histograms)
        var target = out
        for row in rows {
          let (image, place) = (Int(row) / patches, Int(row) % patches)
          let corner =
            place / (width / patch) * side * across + place % (width / patch) * side
          for plane in 0..<planes {
            let source = histograms + (image * planes + plane) * cells + corner
            for line in 0..<side {
              target.update(from: source + line * across, count: side)
              target += side
            }
          }
        }
      }
    }
  }
}
