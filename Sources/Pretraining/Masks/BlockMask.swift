import Support
import Tensors

/// Hides rectangles until exactly the wanted number of patches is hidden.
///
/// BEiT's proposals with the exact count of CAE: a rectangle is taken when it hides between one and all remaining
/// patches anew.
package struct BlockMask: PatchMask {
  package static let kind = "block"
  package static let summary = "rectangles up to an exact count (BEiT, CAE)"
  private let ratio: Double
  private let rectangles: RectangleProposals

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.5, in: 0...0.99, "share of patches hidden")
    rectangles = try RectangleProposals(fields, minimum: 4)
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let count = max(1, keptCount(of: rows * columns, ratio: ratio))
    return count...count
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let count = rows * columns
    var remaining = count - max(1, keptCount(of: count, ratio: ratio))
    var hidden = [Bool](repeating: false, count: count)
    var failures = 0
    while remaining > 0 {
      let fresh = rectangles.draw(
        over: hidden, rows: rows, columns: columns, limit: remaining, &random)
      if fresh.isEmpty {
        failures += 1
        // A tiny rest in a crowded grid may fit no rectangle: single patches end the search.
        if failures > 200 {
          let open = hidden.indices.filter { !hidden[$0] }
          for pick in random.permutation(open.count).prefix(remaining) { hidden[open[pick]] = true }
          remaining = 0
        }
        continue
      }
      for index in fresh { hidden[index] = true }
      remaining -= fresh.count
    }
    return MaskPlan(hidden: hidden)
  }
}
