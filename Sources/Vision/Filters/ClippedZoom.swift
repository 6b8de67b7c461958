import Foundation

extension FloatPlanes {
  /// The middle of the planes, enlarged to their own size.
  ///
  /// As the scripts of Hendrycks and Dietterich 2019 do: cut out `⌈side / factor⌉`, resize by linear interpolation with
  /// corners aligned (SciPy's `zoom` of order 1), and cut the middle out of that.
  ///
  /// - Parameter factor: at least 1.
  /// - Returns: planes of the same size.
  func zoomed(_ factor: Double) -> FloatPlanes {
    let columns = ZoomedLine(height, factor)
    let rows = ZoomedLine(width, factor)
    return rows.map.mapRows(columns.map.mapColumns(self))
  }
}

/// Where the samples of an enlarged line come from.
private struct ZoomedLine {
  let map: LineMap

  init(_ count: Int, _ factor: Double) {
    let cut = Int((Double(count) / factor).rounded(.up))
    let start = (count - cut) / 2
    // Half to even, as Python's `round`.
    let enlarged = Int((Double(cut) * factor).rounded(.toNearestOrEven))
    let trimmed = (enlarged - count) / 2
    let step = enlarged > 1 ? Double(cut - 1) / Double(enlarged - 1) : 1
    map = LineMap(
      interpolatingAt: (0..<count).map { index in
        Double(start) + min(Double(index + trimmed) * step, Double(cut - 1))
      }, count: count)
  }
}
