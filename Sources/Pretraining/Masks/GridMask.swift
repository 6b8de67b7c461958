import Support
import Tensors

/// Keeps one patch of every cell, always the same: a regular grid.
///
/// He et al. 2022, table 1f ("grid"): with cells of 2 × 2 patches three quarters are hidden.
package struct GridMask: PatchMask {
  package static let kind = "grid"
  package static let summary = "one patch of every cell is kept, regularly (MAE's ablation)"
  private let cell: Int
  private let hasRandomOffset: Bool

  package init(_ fields: Fields) throws {
    let ratio = try fields.take("ratio", default: 0.75, in: 0...0.99, "share of patches hidden")
    let fitting = max(1, Int((1 / (1 - ratio).squareRoot()).rounded()))
    cell = try fields.take(
      "cell", default: fitting, in: 1...16, "side of a cell, in patches; from the ratio if absent")
    let share = 1 - 1 / Double(cell * cell)
    if !fields.has("cell"), abs(share - ratio) > 0.01 {
      throw fields.error(
        at: "ratio", "mask.ratio: a grid cannot hide \(ratio)",
        "use 0.75, 0.889, 0.9375 or another 1 − 1/cell²")
    }
    hasRandomOffset = try fields.take(
      "random_offset", default: false, "draw the kept corner for each image")
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    guard rows % cell == 0, columns % cell == 0 else {
      throw InputError(
        "mask.cell", "cells of \(cell) patches do not tile a grid of \(rows) × \(columns)",
        "use a divisor of both sides")
    }
    let count = rows / cell * (columns / cell)
    return count...count
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let row = hasRandomOffset ? random.below(cell) : 0
    let column = hasRandomOffset ? random.below(cell) : 0
    return MaskPlan(
      hidden: (0..<rows * columns).map {
        $0 / columns % cell != row || $0 % columns % cell != column
      })
  }
}
