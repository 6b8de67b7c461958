import Foundation
import Support
import Tensors

/// Hides rectangles until at most the wanted number of patches is hidden; how many varies.
///
/// Bao et al. 2022, "BEiT", algorithm 1, official code, as data2vec uses it: a rectangle has an area uniform between
/// `minimum` and what is left, and a log-uniform aspect; of ten proposals the first that hides something new, and not
/// more than what is left, is taken; when none is, the search ends.
package struct BlockwiseMask: PatchMask {
  package static let kind = "blockwise"
  package static let summary = "rectangles up to a count, which varies (BEiT, data2vec)"
  private let ratio: Double
  private let minimum: Int
  private let aspect: Double

  package init(_ fields: Fields) throws {
    ratio = try fields.take("ratio", default: 0.4, in: 0...0.99, "most patches hidden, as a share")
    minimum = try fields.take(
      "minimum", default: 16, in: 1..., "patches in the smallest proposed rectangle")
    aspect = try fields.take(
      "aspect", default: 0.3, in: 0.05...1, "smallest ratio of height to width; the largest is 1/x")
  }

  package func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int> {
    let (count, target) = (rows * columns, target(of: rows * columns))
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
      let area = Double(minimum) + Double(limit - minimum) * random.uniformDouble()
      let shape = exp(log(aspect) * (1 - 2 * random.uniformDouble()))
      let height = Int((area * shape).squareRoot().rounded(.toNearestOrEven))
      let width = Int((area / shape).squareRoot().rounded(.toNearestOrEven))
      guard height > 0, width > 0, height < rows, width < columns else { continue }
      let (top, left) = (random.below(rows - height + 1), random.below(columns - width + 1))
      let places = (top..<top + height).flatMap { row in
        (left..<left + width).map { row * columns + $0 }
      }
      let fresh = places.filter { !hidden[$0] }
      guard !fresh.isEmpty, fresh.count <= limit else { continue }
      for place in fresh { hidden[place] = true }
      return fresh.count
    }
    return 0
  }
}
