import Foundation
import Tensors

/// Axial rotary positions: queries and keys are turned by angles that grow with the row and column of a patch.
///
/// Siméoni et al. 2025 (DINOv3), official code. Both axes of the image run from −1 to 1 whatever the grid, so another
/// input side needs no resampling.
package struct RotaryPositions: Sendable, Equatable {
  /// How far a patch moves along an axis until its angle has gone full circle: a quarter of a head's width of them.
  package let periods: [Float]

  /// Positions of given periods.
  package init(periods: [Float]) { self.periods = periods }

  /// Periods in geometric progression, `base^(4 k / headWidth)`.
  package init(base: Double, headWidth: Int) {
    let count = headWidth / 4
    periods = (0..<count).map { Float(pow(base, Double($0) / Double(count))) }
  }

  /// The width of the heads that they are for.
  package var headWidth: Int { 4 * periods.count }

  /// The rotation's table for a grid, `[rows × columns, headWidth]`.
  ///
  /// A row, in raster order, holds the cosines of the angles of the patch's row, then of its column, then the
  /// sines; an angle is `2π (2 (index + ½) / extent − 1) / period`, with the extent of its axis.
  package func table(rows: Int, columns: Int) -> Tensor {
    let table = Tensor([rows * columns, headWidth])
    var cosine = unsafe table.data
    for row in 0..<rows {
      for column in 0..<columns {
        let places = [Self.place(row, of: rows), Self.place(column, of: columns)]
        let angles = places.flatMap { place in periods.map { 2 * Double.pi * place / Double($0) } }
        for (index, angle) in angles.enumerated() {
          unsafe cosine[index] = Float(cos(angle))
          unsafe cosine[index + headWidth / 2] = Float(sin(angle))
        }
        unsafe cosine += headWidth
      }
    }
    return table
  }

  /// Where a patch lies between −1 and 1.
  private static func place(_ index: Int, of extent: Int) -> Double {
    2 * (Double(index) + 0.5) / Double(extent) - 1
  }
}
