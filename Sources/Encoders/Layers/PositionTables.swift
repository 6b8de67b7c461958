import Foundation
import Tensors

/// Tables of positions that are computed once for each grid; several workers may ask at once.
final class PositionTables: @unchecked Sendable {
  private struct Key: Hashable {
    let name: String
    let rows: Int
    let columns: Int
  }

  /// Guards `tables`.
  private let lock = NSLock()
  private var tables: [Key: Tensor] = [:]

  /// The table of that name for a grid, made on first use.
  func table(_ name: String, _ grid: (rows: Int, columns: Int), make: () -> Tensor) -> Tensor {
    let key = Key(name: name, rows: grid.rows, columns: grid.columns)
    return lock.withLock {
      if let known = tables[key] { return known }
      let made = make()
      tables[key] = made
      return made
    }
  }
}
