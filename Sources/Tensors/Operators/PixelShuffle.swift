extension Graph {
  /// Pixels from the channels of a coarser grid.
  ///
  /// Shi et al. 2016, "sub-pixel convolution". The channels of a place are colour, row and column of its pixels, the colour slowest, as in PyTorch's `PixelShuffle`.
  /// - Parameters:
  ///   - x: float32 `[batch, rows × columns, channels × factor × factor]`, places in raster order.
  ///   - rows: of the grid.
  ///   - columns: of the grid.
  ///   - factor: pixels along the side of a place.
  /// - Returns: float32 `[batch, channels, rows × factor, columns × factor]`.
  package func pixelShuffled(_ x: Node, rows: Int, columns: Int, factor: Int) -> Node {
    let batch = x.shape[0]
    let channels = x.columns / (factor * factor)
    precondition(
      x.shape == [batch, rows * columns, channels * factor * factor],
      "\(x.shape) is no grid of \(rows) × \(columns) places with \(factor) × \(factor) pixels")
    let out = makeNode(
      [batch, channels, rows * factor, columns * factor], needsGradient: x.needsGradient)
    let shuffle = Shuffle(batch: batch, channels: channels, rows, columns, factor)
    shuffle.forEachRun { image, grid in
      (out.data + image).update(from: x.data + grid, count: factor)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        withGradientSum(of: x) { sum in
          shuffle.forEachRun { image, grid in
            for i in 0..<factor { sum[grid + i] += d[image + i] }
          }
        }
      }
    }
    return out
  }
}

/// The neighbouring pixels that stay neighbours.
private struct Shuffle {
  let (batch, channels, rows, columns, factor): (Int, Int, Int, Int, Int)

  init(batch: Int, channels: Int, _ rows: Int, _ columns: Int, _ factor: Int) {
    (self.batch, self.channels) = (batch, channels)
    (self.rows, self.columns, self.factor) = (rows, columns, factor)
  }

  /// Calls `body` with the offsets of each run of `factor` floats in the image and in the grid.
  @inline(__always)
  func forEachRun(_ body: (_ image: Int, _ grid: Int) -> Void) {
    let (plane, depth) = (rows * columns * factor * factor, channels * factor * factor)
    for image in 0..<batch {
      for place in 0..<rows * columns {
        let (row, column) = (place / columns, place % columns)
        let grid = (image * rows * columns + place) * depth
        for channel in 0..<channels {
          let corner =
            (image * channels + channel) * plane + row * factor * columns * factor + column * factor
          for i in 0..<factor {
            body(corner + i * columns * factor, grid + (channel * factor + i) * factor)
          }
        }
      }
    }
  }
}
