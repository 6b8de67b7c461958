import Tensors

/// The same numbers as `drawn` in Tests/Goldens/reference/residual_network.py.
package func drawn(_ count: Int, _ ordinal: Int) -> [Float] {
  let offset = UInt32(truncatingIfNeeded: ordinal &* 805_459_861)
  return (0..<count).map { index in
    var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ offset
    for (shift, factor) in [(16, 0x7feb_352d), (15, 0x846c_a68b)] as [(UInt32, UInt32)] {
      x = (x ^ (x >> shift)) &* factor
    }
    x ^= x >> 16
    return Float(x >> 8) / 16_777_216 - 0.5
  }
}

/// Fills a network as `fill` of that file does.
package func fill(_ store: ParameterStore) {
  for (ordinal, parameter) in store.parameters.enumerated() {
    let values = drawn(parameter.count, ordinal)
    let (scale, centre) = spread(of: parameter)
    for index in 0..<parameter.count { parameter.data[index] = centre + scale * values[index] }
  }
}

private func spread(of parameter: Parameter) -> (scale: Float, centre: Float) {
  if parameter.shape.count == 4 {
    return (2 * (6 / Float(parameter.count / parameter.shape[0])).squareRoot(), 0)
  }
  if parameter.name.hasSuffix("running_var") { return (0.8, 1) }
  if parameter.shape.isEmpty { return (0, 0) }
  return (0.4, parameter.name.hasSuffix("weight") ? 1 : 0)
}

/// Sixteen elements at even distances, and the norm.
package func sampled(_ values: UnsafePointer<Float>, _ count: Int) -> [Float] {
  let squares = (0..<count).reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1]) }
  return (0..<16).map { values[$0 * count / 16] } + [Float(squares.squareRoot())]
}

/// The largest difference of a row, relative to its largest element but for the norm.
package func sampleDifference(_ ours: [Float], _ theirs: ArraySlice<Float>) -> Float {
  let scale = theirs.map { abs($0) }.max() ?? 1
  return zip(ours, theirs).map { abs($0 - $1) }.max().map { $0 / max(scale, 1e-12) } ?? .infinity
}
