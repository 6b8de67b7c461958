import Support
import Tensors

/// Hides rectangles until at most the wanted number of patches is hidden; how many varies.
///
/// BEiT's own code, as data2vec uses it: of ten proposals the first that hides something new, and not more than what
/// is left, is taken; when none is, the search ends.
package struct BlockwiseMask: PatchMask {
  package static let kind = "blockwise"
  package static let summary = "rectangles up to a count, which varies (BEiT, data2vec)"
  private let ratio: Double
  private let rectangles: RectangleProposals

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.4, in: 0...0.99, "most patches hidden, as a share")
    rectangles = try RectangleProposals(fields, minimum: 16)
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let (count, target) = (rows * columns, target(of: rows * columns))
    let minimum = rectangles.minimum
    guard minimum <= max(target, 1) else {
      throw InputError(
        "mask.minimum",
        "a rectangle of \(minimum) patches is more than the \(target) that may be "
          + "hidden of \(rows) × \(columns)", "lower it, or raise mask.ratio")
    }
    return count - target...count
  }

  private func target(of count: Int) -> Int { Int((Double(count) * ratio + 1e-9).rounded(.down)) }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let target = target(of: rows * columns)
    var hidden = [Bool](repeating: false, count: rows * columns)
    var count = 0
    while count < target {
      let added = addBlock(&hidden, rows, columns, atMost: target - count, &random)
      if added == 0 { break }
      count += added
    }
    return MaskPlan(hidden: hidden)
  }

  /// Hides one rectangle; returns how many patches that hides anew, 0 when no proposal fits.
  private func addBlock(
    _ hidden: inout [Bool], _ rows: Int, _ columns: Int, atMost limit: Int,
    _ random: inout RandomStream
  ) -> Int {
    for _ in 0..<10 {
      let fresh = rectangles.draw(
        over: hidden, rows: rows, columns: columns, limit: limit, &random)
      for place in fresh { hidden[place] = true }
      if !fresh.isEmpty { return fresh.count }
    }
    return 0
  }
}
