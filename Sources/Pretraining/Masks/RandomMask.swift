import Support
import Tensors

/// Hides patches drawn evenly, the same number in each image.
///
/// He et al. 2022, section 3 and official code: uniform noise is sorted, and the first
/// `⌊patches · (1 − ratio)⌋` are kept, in the shuffled order.
package struct RandomMask: PatchMask {
  package static let kind = "random"
  package static let summary = "patches drawn evenly (MAE)"
  private let ratio: Double

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.75, in: 0...0.99, "share of patches hidden")
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let count = max(1, keptCount(of: rows * columns, ratio: ratio))
    return count...count
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let count = rows * columns
    let keep = max(1, keptCount(of: count, ratio: ratio))
    return MaskPlan(visible: random.permutation(count).prefix(keep).map(Int32.init), of: count)
  }
}
