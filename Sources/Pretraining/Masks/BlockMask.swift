import Foundation
import Support
import Tensors

/// Hides rectangles until exactly the wanted number of patches is hidden.
///
/// The proposals of BEiT (Bao et al. 2022, algorithm 1) with the exact count of CAE: a rectangle
/// has an area uniform in `minimum…remaining` and a log-uniform aspect, and is taken when it hides
/// between one and `remaining` new patches.
package struct BlockMask: PatchMask {
  package static let kind = "block"
  package static let summary = "rectangles up to an exact count (BEiT, CAE)"
  private let ratio: Double
  private let minimum: Int
  private let aspect: Double

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.5, in: 0...0.99, "share of patches hidden")
    minimum = try fields.take(
      "minimum", default: 4, in: 1..., "patches in the smallest proposed rectangle")
    aspect = try fields.take(
      "aspect", default: 0.3, in: 0.05...1, "smallest ratio of height to width; the largest is 1/x")
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
      let box = proposal(rows, columns, limit: remaining, &random)
      let fresh = box.map { new(in: $0, hidden, columns) } ?? []
      if fresh.isEmpty || fresh.count > remaining {
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

  private func proposal(
    _ rows: Int, _ columns: Int, limit: Int, _ random: inout RandomStream
  ) -> (top: Int, left: Int, height: Int, width: Int)? {
    let area = Double(minimum) + Double(limit - minimum) * random.uniformDouble()
    let shape = exp(log(aspect) + (log(1 / aspect) - log(aspect)) * random.uniformDouble())
    let height = Int((area * shape).squareRoot().rounded())
    let width = Int((area / shape).squareRoot().rounded())
    guard height > 0, width > 0, height < rows, width < columns else { return nil }
    return (random.below(rows - height + 1), random.below(columns - width + 1), height, width)
  }

  private func new(
    in box: (top: Int, left: Int, height: Int, width: Int), _ hidden: [Bool], _ columns: Int
  ) -> [Int] {
    (box.top..<box.top + box.height).flatMap { row in
      (box.left..<box.left + box.width).map { row * columns + $0 }
    }.filter { !hidden[$0] }
  }
}
