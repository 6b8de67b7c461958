import CKernels

extension Graph {
  /// Rows of a table (an embedding).
  ///
  /// - Parameters:
  ///   - indices: which rows; repetitions are allowed.
  ///   - table: `[rows, width]`.
  /// - Returns: float32 `[indices, width]`.
  package func rows(_ indices: [Int32], of table: Parameter) -> Node {
    let width = table.shape.last ?? 1
    let count = table.count / max(width, 1)
    precondition(
      indices.allSatisfy { $0 >= 0 && $0 < count }, "\(table.name) has only \(count) rows")
    let tableGradient = gradient(of: table)
    let out = makeNode([indices.count, width], needsGradient: tableGradient != nil)
    for (row, index) in indices.enumerated() {
      (out.data + row * width).update(from: table.data + Int(index) * width, count: width)
    }
    if let tableGradient {
      record {
        guard let d = out.gradient else { return }
        for (row, index) in indices.enumerated() {
          uk_add(d + row * width, uk_float32, tableGradient + Int(index) * width, 1, width)
        }
      }
    }
    return out
  }

  /// Rows of a table, each as a column.
  ///
  /// - Parameters:
  ///   - indices: which rows; repetitions are allowed.
  ///   - table: `[rows, width]`.
  /// - Returns: float32 `[width, indices]`.
  package func columns(_ indices: [Int32], of table: Parameter) -> Node {
    let width = table.shape.last ?? 1
    let rows = table.count / max(width, 1)
    precondition(indices.allSatisfy { $0 >= 0 && $0 < rows }, "\(table.name) has only \(rows) rows")
    let tableGradient = gradient(of: table)
    let count = indices.count
    let out = makeNode([width, count], needsGradient: tableGradient != nil)
    indices.withUnsafeBufferPointer { indices in
      for column in 0..<width {
        let (from, to) = (table.data + column, out.data + column * count)
        for place in 0..<count { to[place] = from[Int(indices[place]) * width] }
      }
    }
    if let tableGradient {
      record {
        guard let d = out.gradient else { return }
        indices.withUnsafeBufferPointer { indices in
          for column in 0..<width {
            let (from, to) = (d + column * count, tableGradient + column)
            for place in 0..<count { to[Int(indices[place]) * width] += from[place] }
          }
        }
      }
    }
    return out
  }

  /// Rows of unit length: `x / max(‖x‖, epsilon)`.
  ///
  /// - Parameters:
  ///   - x: float32 `[…, width]`.
  ///   - epsilon: least divisor; shorter rows are only scaled by it.
  /// - Returns: float32 `[…, width]`.
  package func normalized(_ x: Node, epsilon: Float = 1e-12) -> Node {
    let (rows, width) = (x.rows, x.columns)
    let out = makeNode(x.shape, needsGradient: x.needsGradient)
    let inverses = makeNode([rows])
    for row in 0..<rows {
      let from = x.data + row * width
      let inverse = 1 / max(uk_dot(from, from, width).squareRoot(), epsilon)
      inverses.data[row] = inverse
      uk_scale(from, inverse, out.data + row * width, width)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        // dx = (d − y (y · d)) / ‖x‖; a row below epsilon was only scaled.
        for row in 0..<rows {
          let (y, dy) = (out.data + row * width, d + row * width)
          let inverse = inverses.data[row]
          let along = inverse * epsilon < 1 ? uk_dot(y, dy, width) : 0
          for i in 0..<width { dy[i] = (dy[i] - along * y[i]) * inverse }
        }
        passGradient(of: out, to: x)
      }
    }
    return out
  }
}
