import CKernels
import Foundation

extension Graph {
  /// `weight · Σ |F(prediction) − F(target)|` over chosen frequencies: a distance of spectra.
  ///
  /// `F` is the orthonormal discrete Fourier transform of each plane; the modulus is `√(re² + im² + 10⁻¹²)`.
  /// Xie et al. 2023, "Masked Frequency Modeling", official code with an exponent of 1.
  /// - Parameters:
  ///   - prediction: float32 `[batch, channels, rows, columns]`.
  ///   - target: as many floats; no gradient reaches them.
  ///   - isCounted: which frequencies count, `[batch × rows × columns]`, frequency 0 first in each direction.
  ///   - weight: for a mean, one over the number of counted frequencies in the whole batch.
  /// - Returns: the term's value on this slice. Always computed in fp32.
  package func spectralLoss(
    _ prediction: Node, target: UnsafePointer<Float>, isCounted: [Bool], weight: Float
  ) -> Double {
    let (batch, channels) = (prediction.shape[0], prediction.shape[1])
    let (rows, columns) = (prediction.shape[2], prediction.shape[3])
    precondition(isCounted.count == batch * rows * columns, "one flag a frequency of an image")
    let (across, down) = (fourierTable(columns), fourierTable(rows))
    let planes = batch * channels
    let difference = makeNode(prediction.shape)
    difference.data.update(from: prediction.data, count: prediction.count)
    for i in 0..<difference.count { difference.data[i] -= target[i] }
    // The cosines and sines of each row: `[planes × rows, 2 columns]`.
    let half = makeNode([planes, rows, 2 * columns])
    multiply(
      ProductShape(
        rows: planes * rows, columns: 2 * columns, inner: columns,
        a: .init(row: columns, column: 1), b: .init(row: 1, column: columns),
        c: .init(row: 2 * columns, column: 1)), difference.raw, across.raw, into: half.raw)
    let parts = makeNode([2 * rows, 2 * columns])
    var sum = 0.0
    for plane in 0..<planes {
      let place = half.data + plane * rows * 2 * columns
      multiply(
        ProductShape(
          rows: 2 * rows, columns: 2 * columns, inner: rows, a: .init(row: rows, column: 1),
          b: .init(row: 2 * columns, column: 1), c: .init(row: 2 * columns, column: 1)),
        down.raw, place, into: parts.raw)
      sum += moduli(
        parts.data, rows, columns, isCounted, from: plane / channels * rows * columns, weight)
      guard prediction.needsGradient else { continue }
      multiply(
        ProductShape(
          rows: rows, columns: 2 * columns, inner: 2 * rows, a: .init(row: 1, column: rows),
          b: .init(row: 2 * columns, column: 1), c: .init(row: 2 * columns, column: 1)),
        down.raw, parts.raw, into: place)
    }
    guard prediction.needsGradient else { return Double(weight) * sum }
    multiply(
      ProductShape(
        rows: planes * rows, columns: columns, inner: 2 * columns,
        a: .init(row: 2 * columns, column: 1), b: .init(row: columns, column: 1),
        c: .init(row: columns, column: 1)), half.raw, across.raw, into: difference.raw)
    record { [self] in addGradient(difference.raw, .float32, to: prediction) }
    return Double(weight) * sum
  }

  /// The sum of the counted moduli of one plane; replaces the four parts by their gradients.
  private func moduli(
    _ parts: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ isCounted: [Bool],
    from first: Int, _ weight: Float
  ) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      let upper = parts + row * 2 * columns
      let lower = upper + rows * 2 * columns
      for column in 0..<columns {
        let real = upper[column] - lower[columns + column]
        let imaginary = upper[columns + column] + lower[column]
        let modulus = (real * real + imaginary * imaginary + 1e-12).squareRoot()
        let counts = isCounted[first + row * columns + column]
        sum += counts ? Double(modulus) : 0
        let slope = counts ? weight / modulus : 0
        (upper[column], lower[columns + column]) = (slope * real, -slope * real)
        (upper[columns + column], lower[column]) = (slope * imaginary, slope * imaginary)
      }
    }
    return sum
  }

  /// Cosines, then sines, of the orthonormal transform: `[2 × count, count]`.
  private func fourierTable(_ count: Int) -> Node {
    constant([2 * count, count]) { table in
      let scale = 1 / Double(count).squareRoot()
      for frequency in 0..<count {
        for place in 0..<count {
          let angle = 2 * Double.pi * Double(frequency * place % count) / Double(count)
          table[frequency * count + place] = Float(scale * cos(angle))
          table[(count + frequency) * count + place] = Float(scale * sin(angle))
        }
      }
    }
  }
}
