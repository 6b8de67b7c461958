import Foundation

/// The probability that a standard normal variable is at most `x`.
package func normalProbability(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// The `x` below which a standard normal variable falls with the given probability.
///
/// Newton's method on `erfc`, exact to the last few bits; −∞ for 0 and ∞ for 1.
package func normalQuantile(_ probability: Double) -> Double {
  precondition((0...1).contains(probability), "\(probability) is not a probability")
  if probability > 0.5 { return -normalQuantile(1 - probability) }
  if probability == 0 { return -.infinity }
  if probability == 0.5 { return 0 }
  // Left of 0 the distribution function is convex: from 0, each step stays right of the quantile.
  var x = 0.0
  while true {
    let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    let next = x - (normalProbability(x) - probability) / density
    guard next < x, next.isFinite else { return x }
    x = next
  }
}

/// The border between where `isBelow` holds (towards `low`) and where it does not (towards `high`).
func bisect(_ low: Double, _ high: Double, isBelow: (Double) -> Bool) -> Double {
  var low = low
  var high = high
  while true {
    let middle = low + (high - low) / 2
    if middle <= low || middle >= high { return middle }
    if isBelow(middle) { low = middle } else { high = middle }
  }
}

/// The two-sided critical value of the normal distribution: 1.959964 for 0.95.
package func normalCriticalValue(_ confidence: Double) -> Double {
  precondition(confidence > 0 && confidence < 1, "a confidence lies in (0, 1), not \(confidence)")
  return -normalQuantile((1 - confidence) / 2)
}
