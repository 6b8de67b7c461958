import Support
import Tensors

/// Keeps one square, at a random place, and hides everything around it.
///
/// The focal mask of masked siamese convolutional networks (Jing et al. 2022).
package struct FocalMask: PatchMask {
  package static let kind = "focal"
  package static let summary = "only one square is seen (MSCN)"
  private let ratio: Double
  private let isRatioGiven: Bool
  private let fixedSide: Int

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.75, in: 0...0.99, "share of patches hidden")
    isRatioGiven = fields.has("ratio") && !fields.has("side")
    fixedSide = try fields.take(
      "side", default: 0, in: 0..., "side of the visible square, in patches; 0: from the ratio")
  }

  private func side(rows: Int, columns: Int) -> Int {
    if fixedSide > 0 { return fixedSide }
    return max(1, Int((Double(rows * columns) * (1 - ratio)).squareRoot().rounded()))
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let side = side(rows: rows, columns: columns)
    guard side <= rows, side <= columns, side * side < rows * columns else {
      throw InputError(
        "mask.side", "a square of \(side) patches leaves nothing to hide on \(rows) × \(columns)",
        "use at most \(max(1, min(rows, columns) - 1))")
    }
    let share = 1 - Double(side * side) / Double(rows * columns)
    guard !isRatioGiven || abs(share - ratio) <= 0.05 else {
      throw InputError(
        "mask.ratio", "a square cannot leave \(ratio) of \(rows) × \(columns) patches hidden",
        "the nearest is \((share * 1000).rounded() / 1000); or give mask.side")
    }
    return side * side...side * side
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let side = side(rows: rows, columns: columns)
    let top = random.below(rows - side + 1)
    let left = random.below(columns - side + 1)
    return MaskPlan(
      hidden: (0..<rows * columns).map {
        !(top..<top + side).contains($0 / columns) || !(left..<left + side).contains($0 % columns)
      })
  }
}
