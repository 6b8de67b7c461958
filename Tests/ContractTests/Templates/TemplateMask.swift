import Support
import Tensors

@testable import Pretraining

/// Hides … (say what, and where it was published: paper, section).
package struct TemplateMask: PatchMask {
  package static let kind = "template"
  package static let summary = "patches drawn evenly, as a start"
  private let ratio: Double

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.75, in: 0...0.99, "share of patches hidden")
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let count = visibleCount(rows * columns)
    return count...count
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let patches = rows * columns
    // What is drawn comes from `random` alone, so that the same seed hides the same patches.
    let order = random.permutation(patches)
    return MaskPlan(visible: order.prefix(visibleCount(patches)).map(Int32.init), of: patches)
  }

  private func visibleCount(_ patches: Int) -> Int {
    max(1, Int((Double(patches) * (1 - ratio) + 1e-9).rounded(.down)))
  }
}
