import Support
import Tensors

/// Keeps one square, at a random place, and hides everything around it.
///
/// The focal mask of masked siamese convolutional networks (Jing et al. 2022).
package struct FocalMask: MaskGenerator {
  package static let kind = "focal"
  package static let summary = "only one square is seen (MSCN)"
  private let side: Int

  package init(_ fields: Fields) throws {
    side = try fields.take("side", default: 4, in: 1..., "side of the visible square, in patches")
  }

  package func visibleCount(rows: Int, columns: Int) throws -> Int {
    guard side <= rows, side <= columns, side * side < rows * columns else {
      throw InputError(
        "mask.side", "a square of \(side) patches leaves nothing to hide on \(rows) × \(columns)",
        "use at most \(max(1, min(rows, columns) - 1))")
    }
    return side * side
  }

  package func plan(rows: Int, columns: Int, random: inout RandomStream) -> MaskPlan {
    let top = random.below(rows - side + 1)
    let left = random.below(columns - side + 1)
    return MaskPlan(
      hidden: (0..<rows * columns).map {
        !(top..<top + side).contains($0 / columns) || !(left..<left + side).contains($0 % columns)
      })
  }
}
