import Foundation

/// The fixed two-dimensional sine-cosine table of MAE.
///
/// He et al. 2022, official code.
/// Half of the channels encode the column, the other half the row; inside a half the sines come
/// first; frequency `k` is `10000^(-k / (width/4))`.
///
/// - Parameters:
///   - width: channels, a multiple of 4.
///   - rows: patches from top to bottom.
///   - columns: patches from left to right.
///   - prefix: rows of zeros before the patches (class token).
/// - Returns: `[prefix + rows × columns, width]`, patches in raster order.
package func sinCosPositions(width: Int, rows: Int, columns: Int, prefix: Int) -> [Float] {
  precondition(width % 4 == 0, "a sine-cosine table needs a width divisible by 4, not \(width)")
  let quarter = width / 4
  var table = [Float](repeating: 0, count: (prefix + rows * columns) * width)
  for row in 0..<rows {
    for column in 0..<columns {
      let start = (prefix + row * columns + column) * width
      for k in 0..<quarter {
        let frequency = pow(10000, -Double(k) / Double(quarter))
        for (half, position) in [column, row].enumerated() {
          let angle = Double(position) * frequency
          table[start + half * 2 * quarter + k] = Float(sin(angle))
          table[start + half * 2 * quarter + quarter + k] = Float(cos(angle))
        }
      }
    }
  }
  return table
}
