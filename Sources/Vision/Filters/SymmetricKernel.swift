/// A filter of odd side whose weights are the same mirrored left to right, top to bottom.
struct SymmetricKernel {
  /// Weights reach this far to each side.
  let reach: Int
  /// `(reach + 1)²` weights: those right of and below the centre, which is first.
  private let quarter: [Float]

  /// A disk of the radius with a softened edge, as OpenCV's users draw the blur of a lens.
  ///
  /// On a grid of 17 × 17, or of side `2 radius + 1` where the radius is above 8, points within the radius share a
  /// weight of one; that is blurred by a Gaussian of `edge` pixels and 3 (5 above 8) taps, mirrored at the grid's border.
  init(radius: Double, edge: Double) {
    let side = radius <= 8 ? 8 : Int(radius)
    let taps = gaussianKernel(edge, reach: radius <= 8 ? 1 : 2)
    let grid = FloatPlanes(width: 2 * side + 1, height: 2 * side + 1, planes: 1)
    grid.fill(0)
    let places = (-side...side).flatMap { y in (-side...side).map { (y, $0) } }
    let inside = places.filter { Double($0 * $0 + $1 * $1) <= radius * radius }
    for (y, x) in inside {
      unsafe grid.samples[(y + side) * grid.width + x + side] = 1 / Float(inside.count)
    }
    let soft = grid.convolved(with: taps, .mirror)
    func weight(_ y: Int, _ x: Int) -> Float {
      unsafe soft.samples[(y + side) * soft.width + x + side]
    }
    let used = (0...side).last { y in (0...side).contains { weight(y, $0) > 1e-9 } } ?? 0
    reach = used
    quarter = (0...used).flatMap { y in (0...used).map { weight(y, $0) } }
  }

  /// The weight of a place right of and below the centre.
  private func weight(_ y: Int, _ x: Int) -> Float { quarter[y * (reach + 1) + x] }

  /// The planes filtered, mirrored about their outermost samples.
  func filter(_ source: FloatPlanes) -> FloatPlanes {
    let (width, height) = (source.width, source.height)
    let target = FloatPlanes(width: width, height: height, planes: source.planes)
    // Two rows at the same distance from the centre, summed, with room at both ends.
    let pair = FloatPlanes(width: width + 2 * reach, height: 1, planes: 1)
    for plane in 0..<source.planes {
      for y in 0..<height {
        let row = unsafe target.plane(plane) + y * width
        unsafe row.update(repeating: 0, count: width)
        for distance in 0...reach {
          let above = BorderRule.mirror.index(y - distance, height)
          let below = BorderRule.mirror.index(y + distance, height)
          unsafe add(
            source.plane(plane) + above * width,
            distance == 0 ? nil : source.plane(plane) + below * width, pair, width)
          unsafe accumulate(pair.samples + reach, distance, width, into: row)
        }
      }
    }
    return target
  }

  private func add(
    _ above: UnsafePointer<Float>, _ below: UnsafePointer<Float>?, _ pair: FloatPlanes,
    _ width: Int
  ) {
    let centre = unsafe pair.samples + reach
    if let below = unsafe below {
      for x in 0..<width { unsafe centre[x] = unsafe above[x] + below[x] }
    } else {
      unsafe centre.update(from: above, count: width)
    }
    for step in 1..<max(1, reach + 1) {
      unsafe centre[-step] = unsafe centre[BorderRule.mirror.index(-step, width)]
      unsafe centre[width - 1 + step] = unsafe centre[
        BorderRule.mirror.index(width - 1 + step, width)]
    }
  }

  private func accumulate(
    _ pair: UnsafePointer<Float>, _ distance: Int, _ width: Int,
    into row: UnsafeMutablePointer<Float>
  ) {
    let centre = weight(distance, 0)
    for x in 0..<width { unsafe row[x] += centre * pair[x] }
    var step = 1
    while step + 1 <= reach, weight(distance, step + 1) > 1e-9 {
      let (near, far) = (weight(distance, step), weight(distance, step + 1))
      let (left, right) = unsafe (pair - step, pair + step)
      for x in 0..<width {
        unsafe row[x] += near * (left[x] + right[x]) + far * (left[x - 1] + right[x + 1])
      }
      step += 2
    }
    while step <= reach, weight(distance, step) > 1e-9 {
      let (near, left, right) = unsafe (weight(distance, step), pair - step, pair + step)
      for x in 0..<width { unsafe row[x] += near * (left[x] + right[x]) }
      step += 1
    }
  }
}
