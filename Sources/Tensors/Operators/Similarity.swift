import CKernels

extension Graph {
  /// The scaled dot products of all rows of `a` with all rows of `b`: `scale · a bᵀ`.
  ///
  /// - Parameters:
  ///   - a: float32 `[rows, width]`.
  ///   - b: float32 `[columns, width]`; it may be `a`.
  ///   - scale: one over a temperature.
  ///   - excluded: for each row the column that does not count, which gets −10⁹; none when nil.
  /// - Returns: float32 `[rows, columns]`.
  package func similarities(_ a: Node, _ b: Node, scale: Float, excluded: [Int32]? = nil) -> Node {
    let (rows, columns, width) = (a.rows, b.rows, a.columns)
    precondition(b.columns == width, "rows of \(width) and of \(b.columns) have no dot product")
    precondition(excluded.map { $0.count == rows } ?? true, "one excluded column a row")
    let out = makeNode([rows, columns], needsGradient: a.needsGradient || b.needsGradient)
    multiply(
      ProductShape(
        rows: rows, columns: columns, inner: width, a: .init(row: width, column: 1),
        b: .init(row: 1, column: width), c: .init(row: columns, column: 1)),
      a.raw, b.raw, into: out.raw)
    uk_scale(out.data, scale, out.data, out.count)
    for (row, column) in (excluded ?? []).enumerated() {
      out.data[row * columns + Int(column)] = -1e9
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        uk_scale(d, scale, d, out.count)
        for (row, column) in (excluded ?? []).enumerated() { d[row * columns + Int(column)] = 0 }
        // One after the other: `a` and `b` may be the same.
        addProduct(
          ProductShape(
            rows: rows, columns: width, inner: columns, a: .init(row: columns, column: 1),
            b: .init(row: width, column: 1), c: .init(row: width, column: 1)), d, b, to: a)
        addProduct(
          ProductShape(
            rows: columns, columns: width, inner: rows, a: .init(row: 1, column: columns),
            b: .init(row: width, column: 1), c: .init(row: width, column: 1)), d, a, to: b)
      }
    }
    return out
  }

  /// Adds the product of a gradient and a value to the gradient of another value.
  private func addProduct(
    _ shape: ProductShape, _ gradient: UnsafeMutablePointer<Float>, _ value: Node, to node: Node
  ) {
    guard node.needsGradient else { return }
    let (pointer, accumulates) = node.gradientTarget()
    var shape = shape
    shape.addition = accumulates ? .accumulate : .overwrite
    multiply(shape, gradient, value.raw, into: pointer)
  }
}
