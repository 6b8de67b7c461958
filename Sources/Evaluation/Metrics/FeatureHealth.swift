import Support

/// What the gate's hard checks look at: features that are no numbers, and directions that all agree.
///
/// - Parameters:
///   - features: `count` rows of `width` features.
///   - count: how many rows there are.
///   - width: how many features a row has.
/// - Returns: `non_finite` (how many features are NaN or infinite), `width`, and `mean_cosine`, the mean
///   cosine between different rows that are finite and not zero (absent for fewer than two).
package func featureHealth(_ features: UnsafePointer<Float>, count: Int, width: Int) -> JSON {
  var nonFinite = 0
  var usable = 0.0
  var sum = [Double](repeating: 0, count: width)
  unsafe sum.withUnsafeMutableBufferPointer { sum in
    for row in 0..<count {
      let start = unsafe features + row * width
      var squares = 0.0
      var isFinite = true
      for column in 0..<width {
        let value = unsafe Double(start[column])
        if !value.isFinite {
          nonFinite += 1
          isFinite = false
        }
        squares += value * value
      }
      guard isFinite && squares > 0 else { continue }
      usable += 1
      let scale = 1 / squares.squareRoot()
      for column in 0..<width { unsafe sum[column] += scale * Double(start[column]) }
    }
  }
  var health: [String: JSON] = ["non_finite": .integer(nonFinite), "width": .integer(width)]
  if usable > 1 {
    // ‖Σu‖² counts each row with itself once.
    let squared = sum.reduce(0) { $0 + $1 * $1 }
    health["mean_cosine"] = .number((squared - usable) / (usable * (usable - 1)))
  }
  return .object(health)
}
