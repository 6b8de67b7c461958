/// Reads planes between their samples, by linear interpolation.
extension FloatPlanes {
  /// The planes with each sample taken from elsewhere.
  ///
  /// - Parameters:
  ///   - border: what stands beyond the border.
  ///   - place: for column and row of the result, column and row to read at, in pixels.
  /// - Returns: planes of the same size.
  @inline(__always)
  func warped(_ border: BorderRule, _ place: (Int, Int) -> (x: Float, y: Float)) -> FloatPlanes {
    let target = FloatPlanes(width: width, height: height, planes: planes)
    for y in 0..<height {
      for x in 0..<width {
        let source = place(x, y)
        let (left, top) = (source.x.rounded(.down), source.y.rounded(.down))
        let (right, low) = (source.x - left, source.y - top)
        let columns = (
          border.index(Int(left), width), border.index(Int(left) + 1, width)
        )
        let rows = (
          border.index(Int(top), height) * width, border.index(Int(top) + 1, height) * width
        )
        for plane in 0..<planes {
          let from = unsafe self.plane(plane)
          let upper =
            unsafe from[rows.0 + columns.0] * (1 - right) + from[rows.0 + columns.1] * right
          let lower =
            unsafe from[rows.1 + columns.0] * (1 - right) + from[rows.1 + columns.1] * right
          unsafe target.samples[plane * area + y * width + x] = upper * (1 - low) + lower * low
        }
      }
    }
    return target
  }
}

/// A map of the plane that keeps lines straight and parallel: `x' = a x + b y + c`, `y' = d x + e y + f`.
struct AffineMap {
  private let a, b, c, d, e, f: Double

  /// The map that sends three points to three others.
  ///
  /// - Returns: nil when the points to be sent lie on a line.
  init?(from: [SIMD2<Double>], to: [SIMD2<Double>]) {
    let (first, second) = (from[1] - from[0], from[2] - from[0])
    let determinant = first.x * second.y - first.y * second.x
    guard abs(determinant) > 1e-9 else { return nil }
    let (u, v) = (to[1] - to[0], to[2] - to[0])
    a = (u.x * second.y - v.x * first.y) / determinant
    b = (v.x * first.x - u.x * second.x) / determinant
    d = (u.y * second.y - v.y * first.y) / determinant
    e = (v.y * first.x - u.y * second.x) / determinant
    c = to[0].x - a * from[0].x - b * from[0].y
    f = to[0].y - d * from[0].x - e * from[0].y
  }

  /// Where a pixel goes.
  @inline(__always)
  func callAsFunction(_ x: Int, _ y: Int) -> (x: Float, y: Float) {
    let (column, row) = (Double(x), Double(y))
    return (Float(a * column + b * row + c), Float(d * column + e * row + f))
  }
}
