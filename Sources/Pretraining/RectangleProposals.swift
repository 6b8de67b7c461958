import Foundation
import Support

/// Rectangles of patches that a mask may hide: of an area uniform between `minimum` and what is left, and a
/// log-uniform aspect.
///
/// Bao et al. 2022, "BEiT", algorithm 1, official code.
struct RectangleProposals: Sendable {
  /// Patches in the smallest rectangle.
  let minimum: Int
  private let aspect: Double

  /// Reads `minimum` and `aspect` of a mask.
  ///
  /// - Parameters:
  ///   - fields: the mask's.
  ///   - minimum: where the recipe does not say.
  /// - Throws: `InputError` when a value is out of bounds.
  init(_ fields: Fields, minimum: Int) throws {
    self.minimum = try fields.take(
      "minimum", default: minimum, in: 1..., "patches in the smallest proposed rectangle")
    aspect = try fields.take(
      "aspect", default: 0.3, in: 0.05...1, "smallest ratio of height to width; the largest is 1/x")
  }

  /// The patches of one rectangle that are not hidden yet.
  ///
  /// - Parameters:
  ///   - hidden: which of the grid's patches are hidden.
  ///   - rows: of the grid.
  ///   - columns: of the grid.
  ///   - limit: the largest area that is proposed, and the most patches that may be hidden anew.
  ///   - random: gives area, aspect and place.
  /// - Returns: raster indices; none where the rectangle does not fit the grid or hides nothing new or too much.
  func draw(
    over hidden: [Bool], rows: Int, columns: Int, limit: Int, _ random: inout RandomStream
  ) -> [Int] {
    let area = Double(minimum) + Double(limit - minimum) * random.uniformDouble()
    let shape = exp(log(aspect) + (log(1 / aspect) - log(aspect)) * random.uniformDouble())
    let height = Int((area * shape).squareRoot().rounded(.toNearestOrEven))
    let width = Int((area / shape).squareRoot().rounded(.toNearestOrEven))
    guard height > 0, width > 0, height < rows, width < columns else { return [] }
    let (top, left) = (random.below(rows - height + 1), random.below(columns - width + 1))
    let fresh = (top..<top + height).flatMap { row in
      (left..<left + width).map { row * columns + $0 }
    }.filter { !hidden[$0] }
    return fresh.count <= limit ? fresh : []
  }
}
