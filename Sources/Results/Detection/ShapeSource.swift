import Support

/// Where the masks of objects or detections come from, one at a time, so that not all are in memory.
protocol ShapeSource: Sendable {
  /// Puts the runs of an entry's mask into `reader.runs`.
  ///
  /// - Parameters:
  ///   - entry: the number of the object or detection in its list.
  ///   - reader: memory that is used again.
  /// - Returns: rows and columns of the mask.
  /// - Throws: `InputError` that names the entry, when it has no mask or one that breaks a rule.
  func runs(of entry: Int, _ reader: inout ShapeReader) throws -> MaskSize
}

/// The memory that reading masks needs, one a worker.
struct ShapeReader {
  /// The lengths of the runs of the mask that was read.
  var runs: [UInt32] = []
  /// The corners of a polygon.
  var points: [Double] = []
  private var rasterizer = PolygonRasterizer()

  /// Fills a polygon, beside those of the same mask that were filled before.
  ///
  /// - Parameters:
  ///   - points: x and y in turn.
  ///   - size: of the mask.
  ///   - failure: makes the error of a problem.
  ///   - isFirst: whether the mask begins with this polygon.
  /// - Throws: what `failure` makes, for fewer than three corners or coordinates that are not finite or too far away.
  mutating func fill(
    _ points: [Double], _ size: MaskSize, _ failure: (String) -> InputError, isFirst: Bool = true
  ) throws {
    guard points.count >= 6, points.count.isMultiple(of: 2) else {
      throw failure(
        "a polygon has \(points.count) coordinates; it needs an x and a y for each of at least three points"
      )
    }
    if let wrong = points.first(where: { !(abs($0) < PolygonRasterizer.farthest) }) {
      throw failure("a polygon has the coordinate \(wrong), which is too far away from any image")
    }
    let own = rasterizer.runs(points, size)
    runs = isFirst ? own : mergedRuns(runs, own, isIntersection: false)
  }
}
