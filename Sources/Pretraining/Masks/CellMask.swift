import Support
import Tensors

/// Hides cells of several patches, drawn evenly, the same number in each image.
///
/// Xie et al. 2022, "SimMIM", official code: of the coarse cells `⌈cells · ratio⌉` are hidden.
package struct CellMask: PatchMask {
  package static let kind = "cell"
  package static let summary = "cells of several patches drawn evenly (SimMIM)"
  private let ratio: Double
  private let cell: Int

  package init(_ fields: Fields) throws {
    ratio = try fields.take(
      "ratio", default: 0.6, in: 0...0.99, "share of cells hidden, rounded up")
    cell = try fields.take("cell", default: 2, in: 1...64, "side of a cell, in patches")
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    guard rows % cell == 0, columns % cell == 0 else {
      throw InputError(
        "mask.cell", "cells of \(cell) patches do not tile a grid of \(rows) × \(columns)",
        "use a divisor of both sides")
    }
    let cells = rows / cell * (columns / cell)
    guard hiddenCells(of: cells) < cells else {
      throw InputError(
        "mask.ratio", "\(ratio) of \(cells) cells, rounded up, hides all of them", "lower it")
    }
    let visible = (cells - hiddenCells(of: cells)) * cell * cell
    return visible...visible
  }

  package func plan(
    rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream
  ) -> MaskPlan {
    let across = columns / cell
    let cells = rows / cell * across
    var isHidden = [Bool](repeating: false, count: cells)
    for index in random.permutation(cells).prefix(hiddenCells(of: cells)) { isHidden[index] = true }
    return MaskPlan(
      hidden: (0..<rows * columns).map {
        isHidden[$0 / columns / cell * across + $0 % columns / cell]
      })
  }

  private func hiddenCells(of cells: Int) -> Int {
    Int((Double(cells) * ratio - 1e-9).rounded(.up))
  }
}
