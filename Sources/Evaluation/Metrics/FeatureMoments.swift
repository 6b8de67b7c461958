import Foundation
import Results
import Support
import Tensors

/// Sums and second moments of rows, kept apart by group so that any one group can be left out.
///
/// Leaving out each of a few groups in turn (the delete-a-group jackknife) gives standard errors of
/// statistics that are no means, such as a rank, at the price of a few eigenvalue problems.
struct FeatureMoments: Sendable {
  /// Columns of the first rows.
  let xWidth: Int
  /// Columns of the second rows.
  let yWidth: Int
  private let groups: [Group]

  private struct Group: Sendable {
    var count = 0
    var xSum: [Double]
    var ySum: [Double]
    /// `Σ xᵀ y`, `[xWidth, yWidth]`; the lower triangle when both are the same rows.
    var products: [Double]
  }

  /// How many rows there are.
  var count: Int { groups.reduce(0) { $0 + $1.count } }

  /// Sums rows of features; those of example `i` belong to group `i mod groups`.
  ///
  /// - Parameters:
  ///   - x: rows of `xWidth` features.
  ///   - y: rows of `yWidth` features, or nil for the moments of `x` with itself.
  ///   - rows: which rows of both; those of an example follow each other.
  ///   - perExample: how many rows an example has.
  ///   - xWidth: columns of `x`.
  ///   - yWidth: columns of `y`.
  ///   - groups: how many groups.
  ///   - pool: shares out the groups.
  init(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>? = nil, rows: [Int], perExample: Int = 1,
    xWidth: Int, yWidth: Int? = nil, groups: Int, pool: WorkerPool
  ) {
    self.xWidth = xWidth
    self.yWidth = yWidth ?? xWidth
    let yWidth = self.yWidth
    nonisolated(unsafe) let (x, y) = unsafe (x, y)
    self.groups = pool.map(groups) { group in
      let some = rows.indices.filter { $0 / perExample % groups == group }.map { rows[$0] }
      return unsafe Self.sum(x, y, some, xWidth, yWidth)
    }
  }

  private static func sum(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>?, _ rows: [Int], _ xWidth: Int,
    _ yWidth: Int
  ) -> Group {
    var group = Group(
      count: rows.count, xSum: Array(repeating: 0, count: xWidth),
      ySum: Array(repeating: 0, count: yWidth),
      products: Array(repeating: 0, count: xWidth * yWidth))
    let block = 128
    var (left, right) = ([Double](), [Double]())
    for start in stride(from: 0, to: rows.count, by: block) {
      let some = rows[start..<min(start + block, rows.count)]
      unsafe gather(x, some, xWidth, into: &left, &group.xSum)
      if let y = unsafe y { unsafe gather(y, some, yWidth, into: &right, &group.ySum) }
      unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
          unsafe group.products.withUnsafeMutableBufferPointer { products in
            guard let first = left.baseAddress, let sum = products.baseAddress else { return }
            let second = unsafe y == nil ? first : right.baseAddress ?? first
            unsafe addCrossProduct(
              first, second, count: some.count, xWidth: xWidth, yWidth: yWidth, to: sum)
          }
        }
      }
    }
    if unsafe y == nil { group.ySum = group.xSum }
    return group
  }

  private static func gather(
    _ source: UnsafePointer<Float>, _ rows: ArraySlice<Int>, _ width: Int,
    into target: inout [Double], _ sum: inout [Double]
  ) {
    target.removeAll(keepingCapacity: true)
    for row in rows {
      for column in 0..<width {
        let value = unsafe Double(source[row * width + column])
        sum[column] += value
        target.append(value)
      }
    }
  }

  /// The second moments of all rows, or of all but one group.
  ///
  /// - Parameters:
  ///   - left: the group to leave out; nil for none.
  ///   - isCentred: whether the means are taken away first.
  /// - Returns: `Σ (x − x̄)ᵀ (y − ȳ)`, `[xWidth, yWidth]`, and how many rows are in it.
  func products(without left: Int?, isCentred: Bool) -> (values: [Double], count: Int) {
    var total = Group(
      xSum: Array(repeating: 0, count: xWidth), ySum: Array(repeating: 0, count: yWidth),
      products: Array(repeating: 0, count: xWidth * yWidth))
    for (index, group) in groups.enumerated() where index != left {
      total.count += group.count
      for i in 0..<xWidth { total.xSum[i] += group.xSum[i] }
      for i in 0..<yWidth { total.ySum[i] += group.ySum[i] }
      for i in 0..<xWidth * yWidth { total.products[i] += group.products[i] }
    }
    guard isCentred, total.count > 0 else { return (total.products, total.count) }
    for i in 0..<xWidth {
      let mean = total.xSum[i] / Double(total.count)
      for j in 0..<yWidth { total.products[i * yWidth + j] -= mean * total.ySum[j] }
    }
    return (total.products, total.count)
  }
}
