import COpenBLAS

/// Adds `xᵀ · y` to a sum, in double precision.
///
/// - Parameters:
///   - x: `[count, xWidth]`.
///   - y: `[count, yWidth]`; the same memory as `x` for a Gram matrix.
///   - count: rows of both.
///   - xWidth: columns of `x`.
///   - yWidth: columns of `y`.
///   - sum: `[xWidth, yWidth]`, added to.
package func addCrossProduct(
  _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, count: Int, xWidth: Int, yWidth: Int,
  to sum: UnsafeMutablePointer<Double>
) {
  if x == y && xWidth == yWidth {
    // Only the lower triangle, which is what eigenvalue routines read.
    ob_dsyrk(Int32(xWidth), Int32(count), 1, x, Int32(xWidth), 1, sum, Int32(xWidth))
  } else {
    ob_dgemm(
      1, 0, Int32(xWidth), Int32(yWidth), Int32(count), 1, x, Int32(xWidth), y, Int32(yWidth), 1,
      sum, Int32(yWidth))
  }
}

/// The inner products of some rows with others.
///
/// - Parameters:
///   - x: `[xCount, width]`.
///   - y: `[yCount, width]`.
///   - xCount: rows of `x`.
///   - yCount: rows of `y`.
///   - width: columns of both.
///   - products: `[xCount, yCount]`, overwritten.
package func innerProducts(
  _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, xCount: Int, yCount: Int, width: Int,
  into products: UnsafeMutablePointer<Float>
) {
  ob_sgemm(
    0, 1, Int32(xCount), Int32(yCount), Int32(width), 1, x, Int32(width), y, Int32(width), 0,
    products, Int32(yCount))
}
