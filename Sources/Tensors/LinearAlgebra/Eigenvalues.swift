import COpenBLAS

/// The eigenvalues of a symmetric matrix, ascending; LAPACK's `dsyev`.
///
/// - Parameters:
///   - matrix: `[size, size]`; the triangle on and below the diagonal (row by row) is read.
///   - size: rows of the matrix.
/// - Returns: `size` eigenvalues; nil when the iteration does not converge, as with NaN.
package func symmetricEigenvalues(of matrix: [Double], size: Int) -> [Double]? {
  precondition(matrix.count == size * size, "the matrix must be \(size) × \(size)")
  guard matrix.allSatisfy(\.isFinite) else { return nil }
  var matrix = matrix
  return eigenvalues(size: size) { order, values, work, workSize, status in
    // A lower triangle by rows is an upper one by columns, which is how Fortran reads it.
    ob_dsyev("N", "U", &order, &matrix, &order, values, work, &workSize, &status)
  }
}

/// The eigenvalues λ of `matrix · v = λ · metric · v`, ascending; LAPACK's `dsygv`.
///
/// - Parameters:
///   - matrix: symmetric, `[size, size]`; the triangle on and below the diagonal is read.
///   - metric: symmetric and positive definite, likewise.
///   - size: rows of either.
/// - Returns: `size` eigenvalues; nil when `metric` is not positive definite.
package func generalizedEigenvalues(of matrix: [Double], relativeTo metric: [Double], size: Int)
  -> [Double]?
{
  precondition(
    matrix.count == size * size && metric.count == size * size, "both must be \(size) × \(size)")
  guard matrix.allSatisfy(\.isFinite), metric.allSatisfy(\.isFinite) else { return nil }
  var (matrix, metric, kind) = (matrix, metric, Int32(1))
  return eigenvalues(size: size) { order, values, work, workSize, status in
    ob_dsygv(
      &kind, "N", "U", &order, &matrix, &order, &metric, &order, values, work, &workSize, &status)
  }
}

/// Asks a LAPACK routine for the workspace it wants, then runs it.
private func eigenvalues(
  size: Int,
  _ routine: (
    _ order: inout Int32, _ values: UnsafeMutablePointer<Double>,
    _ work: UnsafeMutablePointer<Double>, _ workSize: inout Int32, _ status: inout Int32
  ) -> Void
) -> [Double]? {
  guard size > 0 else { return [] }
  var (order, status, asking) = (Int32(size), Int32(0), Int32(-1))
  var values = [Double](repeating: 0, count: size)
  var wanted = 0.0
  values.withUnsafeMutableBufferPointer { values in
    guard let base = values.baseAddress else { return }
    routine(&order, base, &wanted, &asking, &status)
  }
  guard status == 0 else { return nil }
  var workSize = Int32(wanted)
  var work = [Double](repeating: 0, count: Int(workSize))
  values.withUnsafeMutableBufferPointer { values in
    work.withUnsafeMutableBufferPointer { work in
      guard let values = values.baseAddress, let work = work.baseAddress else { return }
      routine(&order, values, work, &workSize, &status)
    }
  }
  return status == 0 ? values : nil
}
