import Support
import Tensors

/// Hides the patches that a teacher's class token attends to most, or least.
///
/// Kakogeorgiou et al. 2022, "What to Hide from Your Students" (AttMask), section 3.
package struct TopMask: PatchMask {
  package static let kind = "top"
  package static let summary = "the patches that a teacher attends to most, or least (AttMask)"
  private let ratio: Double
  private let hidesMost: Bool

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.3, in: 0...0.99, "share of patches hidden")
    hidesMost =
      try fields.takeChoice(
        "mode", of: ["high", "low"], default: "high", "hide the most or the least attended")
      == "high"
  }

  package var needsScores: Bool { true }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let visible = rows * columns - hiddenCount(of: rows * columns)
    return visible...visible
  }

  private func hiddenCount(of count: Int) -> Int {
    Int((Double(count) * ratio + 1e-9).rounded(.down))
  }

  /// - Precondition: scores; of equal ones the patch that comes first counts as the higher.
  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    guard let scores, scores.count == rows * columns else {
      preconditionFailure("a mask by scores without scores")
    }
    let values = Array(scores)
    let order = values.indices.sorted {
      values[$0] == values[$1] ? $0 < $1 : (values[$0] > values[$1]) == hidesMost
    }
    var hidden = [Bool](repeating: false, count: values.count)
    for index in order.prefix(hiddenCount(of: values.count)) { hidden[index] = true }
    return MaskPlan(hidden: hidden)
  }
}
