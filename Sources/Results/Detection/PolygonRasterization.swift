extension RunLengthMask {
  /// Fills a polygon as COCO's tools do.
  ///
  /// The outline is drawn on a grid five times as fine; where it crosses the middle of a column of pixels, the row is rounded up.
  /// - Parameters:
  ///   - points: x and y of the corners in turn, in pixels; at least three corners.
  ///   - height: rows of the mask.
  ///   - width: columns.
  package init(polygon points: [Double], height: Int, width: Int) {
    var rasterizer = PolygonRasterizer()
    let counts = rasterizer.runs(points, MaskSize(height: height, width: width))
    self.init(height: height, width: width, counts: counts)
  }
}

/// Turns polygons into runs; keeps its memory for the next one.
struct PolygonRasterizer {
  /// Coordinates beyond this many pixels do not fit the fine grid.
  static let farthest = 2e8
  private static let scale = 5.0
  /// Edges longer than this on the fine grid are cut to the part that can cross columns of the mask.
  private static let long = 1 << 14

  private var crossings: [UInt32] = []

  /// The runs of a polygon whose coordinates are less than `farthest` from zero.
  mutating func runs(_ points: [Double], _ size: MaskSize) -> [UInt32] {
    crossings.removeAll(keepingCapacity: true)
    let corners = points.count / 2
    // The first point of an edge lies where the last one of the edge before it lies, but for rounding.
    var last: (x: Int, y: Int)?
    for corner in 0..<corners {
      let next = corner + 1 == corners ? 0 : corner + 1
      let edge = FineEdge(
        from: (Self.fine(points[2 * corner]), Self.fine(points[2 * corner + 1])),
        to: (Self.fine(points[2 * next]), Self.fine(points[2 * next + 1])))
      let steps = edge.length > Self.long ? edge.steps(reaching: size.width) : 0...edge.length
      if steps.lowerBound > 0 { last = nil }
      for step in steps {
        let point = edge.point(step)
        if let last, last.x != point.x { addCrossing(last, point, size) }
        last = point
      }
      if steps.upperBound < edge.length { last = nil }
    }
    return lengths(size)
  }

  private static func fine(_ coordinate: Double) -> Int { Int(scale * coordinate + 0.5) }

  /// Notes where the step from one point to the next crosses the middle of a column.
  private mutating func addCrossing(
    _ last: (x: Int, y: Int), _ point: (x: Int, y: Int), _ size: MaskSize
  ) {
    let left = Double(point.x < last.x ? point.x : point.x - 1)
    let column = (left + 0.5) / Self.scale - 0.5
    guard column.rounded(.down) == column, column >= 0, column <= Double(size.width - 1) else {
      return
    }
    let upper = Double(min(point.y, last.y))
    let row = (upper + 0.5) / Self.scale - 0.5
    let clamped = row < 0 ? 0 : row > Double(size.height) ? Double(size.height) : row
    crossings.append(UInt32(Int(column) * size.height + Int(clamped.rounded(.up))))
  }

  /// The lengths of the runs between the crossings; two crossings in one place cancel out.
  private mutating func lengths(_ size: MaskSize) -> [UInt32] {
    crossings.append(UInt32(size.pixels))
    crossings.sort()
    var runs = [crossings[0]]
    var index = 1
    while index < crossings.count {
      let length = crossings[index] - crossings[index - 1]
      index += 1
      if length > 0 {
        runs.append(length)
      } else if index < crossings.count {
        runs[runs.count - 1] += crossings[index] - crossings[index - 1]
        index += 1
      }
    }
    return runs
  }
}

/// An edge of a polygon on the fine grid, as a point a step along its longer side.
private struct FineEdge {
  /// Steps from the first to the last point.
  let length: Int
  private let start: (x: Int, y: Int)
  private let isFlat: Bool
  /// Whether steps are counted from the other end.
  private let isFlipped: Bool
  private let slope: Double

  init(from: (x: Int, y: Int), to: (x: Int, y: Int)) {
    let (across, down) = (abs(to.x - from.x), abs(to.y - from.y))
    isFlat = across >= down
    isFlipped = isFlat ? from.x > to.x : from.y > to.y
    let (first, last) = isFlipped ? (to, from) : (from, to)
    start = first
    length = max(across, down)
    slope =
      isFlat
      ? Double(last.y - first.y) / Double(across) : Double(last.x - first.x) / Double(down)
  }

  /// The point after `step` steps.
  func point(_ step: Int) -> (x: Int, y: Int) {
    let along = isFlipped ? length - step : step
    return isFlat
      ? (along + start.x, rounded(start.y, along)) : (rounded(start.x, along), along + start.y)
  }

  /// Rounded towards zero after adding a half, as a conversion in C does; an edge of one point has no slope and lies below
  /// everything.
  private func rounded(_ start: Int, _ along: Int) -> Int {
    let value = Double(start) + slope * Double(along) + 0.5
    return value.isNaN ? Int(Int32.min) : Int(value)
  }

  /// The steps at which the point may be in or beside a mask of `width` columns.
  func steps(reaching width: Int) -> ClosedRange<Int> {
    let (low, high) = (-10, 5 * width + 10)
    let isRising = point(0).x <= point(length).x
    let first = firstStep { isRising ? $0 >= low : $0 <= high }
    let behind = firstStep { isRising ? $0 > high : $0 < low }
    return first > length ? length...length : first...max(first, min(length, behind))
  }

  /// The first step whose column does what all later ones do; `length + 1` if none does.
  private func firstStep(_ isReached: (Int) -> Bool) -> Int {
    var (low, high) = (0, length + 1)
    while low < high {
      let middle = (low + high) / 2
      if isReached(point(middle).x) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
