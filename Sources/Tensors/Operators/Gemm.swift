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

  private func run(
    _ shape: ProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?
  ) {
    guard shape.rows > 0, shape.columns > 0 else { return }
    workspace.product(shape).run(a, b, c, bias: bias, matrix: nil, in: workspace)
  }
}
