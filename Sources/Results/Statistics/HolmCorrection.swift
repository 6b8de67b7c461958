/// Holm's step-down adjustment of p values, which keeps the chance of any false finding at α.
///
/// Holm 1979, "A simple sequentially rejective multiple test procedure". Reject where the adjusted
/// value is at most α.
/// - Parameter pValues: one p value per comparison, each in 0...1.
/// - Returns: the adjusted values in the same order, each at most 1.
package func holmAdjusted(_ pValues: [Double]) -> [Double] {
  let order = pValues.indices.sorted {
    (pValues[$0], $0) < (pValues[$1], $1)
  }
  var adjusted = pValues
  var largest = 0.0
  for (rank, index) in order.enumerated() {
    largest = max(largest, min(1, pValues[index] * Double(pValues.count - rank)))
    adjusted[index] = largest
  }
  return adjusted
}
