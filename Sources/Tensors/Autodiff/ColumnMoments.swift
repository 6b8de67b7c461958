import CKernels
import Support

/// Rows of floats of a batch, wherever they lie.
package struct BatchRows: @unchecked Sendable {
  /// The first feature of row 0; nobody writes the rows while they are used.
  let rows: UnsafePointer<Float>
  /// Where in `rows` each row of the batch is; nil when they follow each other.
  let indices: [Int32]?
  /// Number of rows.
  package let count: Int
  /// Features of a row.
  package let width: Int

  /// `count` rows that follow each other from `rows` on; they must stay valid.
  package init(rows: UnsafePointer<Float>, count: Int, width: Int) {
    (self.rows, indices) = (rows, nil)
    (self.count, self.width) = (count, width)
  }

  /// All rows of a matrix, which must stay alive.
  package init(_ matrix: Tensor) {
    self.init(rows: matrix.data, count: matrix.shape[0], width: matrix.shape[1])
  }

  /// Some of rows that follow each other.
  package init(_ all: BatchRows, examples: [Int32]) {
    precondition(all.indices == nil, "examples of examples")
    (rows, indices, count, width) = (all.rows, examples, examples.count, all.width)
  }

  /// Runs `body` with where a range of the rows is found.
  func withPlace<Result>(
    _ range: Range<Int>, _ body: (UnsafePointer<Float>, UnsafePointer<Int32>?) -> Result
  ) -> Result {
    guard let indices else { return body(rows + range.lowerBound * width, nil) }
    return indices.withUnsafeBufferPointer {
      body(rows, $0.baseAddress.map { $0 + range.lowerBound })
    }
  }

  /// Mean and variance of each column over the whole batch; the same for any number of workers.
  package func moments(pool: WorkerPool) -> ColumnMoments {
    let lanes = max(1, min(8, count / 32))
    let parts: [ColumnMoments] = pool.map(lanes) { lane in
      let range = count * lane / lanes..<count * (lane + 1) / lanes
      let part = ColumnMoments(width: width, count: range.count)
      withPlace(range) { rows, indices in
        uk_gathered_moments(
          rows, indices, range.count, part.mean.data, part.variance.data, width)
      }
      return part
    }
    return ColumnMoments(pooling: parts, width: width)
  }
}

/// Mean and biased variance of each column of some rows.
package struct ColumnMoments: Sendable {
  package let mean: Tensor
  package let variance: Tensor
  /// Number of rows.
  package let count: Int

  init(width: Int, count: Int) {
    (mean, variance, self.count) = (Tensor([width]), Tensor([width]), count)
  }

  /// The moments of all rows of the parts.
  init(pooling parts: [ColumnMoments], width: Int) {
    self.init(width: width, count: parts.reduce(0) { $0 + $1.count })
    Self.pool(
      parts.map { part in
        [Double(part.count)] + [part.mean, part.variance].flatMap { $0.array.map(Double.init) }
      }, mean: mean.data, variance: variance.data, width: width)
  }

  /// Writes the moments of all rows of some parts, as Chan, Golub and LeVeque 1979 combine them.
  ///
  /// - Parameters:
  ///   - parts: of each the number of rows, the means and the variances, in a fixed order.
  ///   - mean: `[width]`.
  ///   - variance: biased, `[width]`.
  ///   - width: number of columns.
  /// - Returns: the number of all rows.
  @discardableResult
  static func pool(
    _ parts: [[Double]], mean: UnsafeMutablePointer<Float>,
    variance: UnsafeMutablePointer<Float>, width: Int
  ) -> Int {
    let total = parts.reduce(0) { $0 + $1[0] }
    for c in 0..<width {
      let centre = parts.reduce(0) { $0 + $1[0] * $1[1 + c] } / total
      let squares = parts.reduce(0) { sum, part in
        let distance = part[1 + c] - centre
        return sum + part[0] * (part[1 + width + c] + distance * distance)
      }
      (mean[c], variance[c]) = (Float(centre), Float(squares / total))
    }
    return Int(total)
  }
}

/// What a batch norm without gain and bias does to columns: `(x − mean) · scale`.
package struct ColumnNorm: Sendable {
  let mean: Tensor
  /// The factor `1 / √(variance + ε)`.
  let scale: Tensor

  private init(
    mean: UnsafePointer<Float>, variance: UnsafePointer<Float>, width: Int, epsilon: Double
  ) {
    (self.mean, scale) = (Tensor([width]), Tensor([width]))
    self.mean.data.update(from: mean, count: width)
    for c in 0..<width { scale.data[c] = Float(1 / (Double(variance[c]) + epsilon).squareRoot()) }
  }

  /// The norm in training, by the moments of the batch.
  package init(_ moments: ColumnMoments, epsilon: Double) {
    self.init(
      mean: moments.mean.data, variance: moments.variance.data, width: moments.mean.count,
      epsilon: epsilon)
  }

  /// The norm in evaluation, by running statistics.
  package init(_ statistics: RunningStatistics, epsilon: Double) {
    self.init(
      mean: statistics.mean.data, variance: statistics.variance.data,
      width: statistics.mean.count, epsilon: epsilon)
  }
}
