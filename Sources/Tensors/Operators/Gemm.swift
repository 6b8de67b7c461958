/// Plain matrix products outside a computation, on one worker.
package struct Gemm {
  private let workspace: Workspace

  /// Products that use the memory of `workspace`.
  package init(workspace: Workspace) { self.workspace = workspace }

  /// `c = a · bᵀ`, or `c += a · bᵀ`.
  ///
  /// - Parameters:
  ///   - a: `[rows, inner]`.
  ///   - b: `[columns, inner]`.
  ///   - c: `[rows, columns]`.
  ///   - rows: extent.
  ///   - columns: extent.
  ///   - inner: extent that is summed over.
  ///   - bias: `[columns]`, added to each row.
  ///   - accumulates: whether `c` is added to.
  package func multiply(
    _ a: UnsafePointer<Float>, byTransposed b: UnsafePointer<Float>,
    into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, inner: Int,
    bias: UnsafePointer<Float>? = nil, accumulates: Bool = false
  ) {
    run(
      ProductShape(
        rows: rows, columns: columns, inner: inner, a: .init(row: inner, column: 1),
        b: .init(row: 1, column: inner), c: .init(row: columns, column: 1),
        hasBias: bias != nil, addition: accumulates ? .accumulate : .overwrite), a, b, c, bias)
  }

  /// `c = aᵀ · b`, or `c += aᵀ · b`.
  ///
  /// - Parameters:
  ///   - a: `[inner, rows]`.
  ///   - b: `[inner, columns]`.
  ///   - c: `[rows, columns]`.
  ///   - rows: extent.
  ///   - columns: extent.
  ///   - inner: extent that is summed over.
  ///   - accumulates: whether `c` is added to.
  package func multiply(
    transposed a: UnsafePointer<Float>, by b: UnsafePointer<Float>,
    into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, inner: Int,
    accumulates: Bool = false
  ) {
    run(
      ProductShape(
        rows: rows, columns: columns, inner: inner, a: .init(row: 1, column: rows),
        b: .init(row: columns, column: 1), c: .init(row: columns, column: 1),
        addition: accumulates ? .accumulate : .overwrite), a, b, c, nil)
  }

  /// `c = a · b`, or `c += a · b`, of matrices inside larger ones.
  ///
  /// - Parameters:
  ///   - a: `[rows, inner]` as it is read.
  ///   - b: `[inner, columns]` as it is read.
  ///   - c: `[rows, columns]`.
  ///   - stride: elements from a row of `c` to the next.
  ///   - rows: extent.
  ///   - columns: extent.
  ///   - inner: extent that is summed over.
  ///   - bias: `[columns]`, added to each row.
  ///   - accumulates: whether `c` is added to.
  package func multiply(
    _ a: MatrixView, by b: MatrixView, into c: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
    columns: Int, inner: Int, bias: UnsafePointer<Float>? = nil, accumulates: Bool = false
  ) {
    run(
      ProductShape(
        rows: rows, columns: columns, inner: inner, a: a.layout, b: b.layout,
        c: .init(row: stride, column: 1), hasBias: bias != nil,
        addition: accumulates ? .accumulate : .overwrite), a.data, b.data, c, bias)
  }

  private func run(
    _ shape: ProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?
  ) {
    guard shape.rows > 0, shape.columns > 0 else { return }
    workspace.product(shape).run(a, b, c, bias: bias, matrix: nil, in: workspace)
  }
}

/// A matrix inside memory, perhaps read with rows and columns exchanged.
package struct MatrixView {
  let data: UnsafePointer<Float>
  let layout: MatrixLayout

  /// A matrix whose rows are `stride` elements apart.
  package init(_ data: UnsafePointer<Float>, stride: Int) {
    self.data = data
    layout = MatrixLayout(row: stride, column: 1)
  }

  /// The transpose of a matrix whose rows are `stride` elements apart.
  package init(transposed data: UnsafePointer<Float>, stride: Int) {
    self.data = data
    layout = MatrixLayout(row: 1, column: stride)
  }
}
