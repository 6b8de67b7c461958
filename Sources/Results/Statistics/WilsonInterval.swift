/// Wilson's score interval for a proportion: inside [0, 1], and never of zero width.
///
/// Wilson 1927, "Probable inference, the law of succession, and statistical inference". It covers
/// the sampling of test examples only, not the randomness of training.
/// - Parameters:
///   - successes: how many examples were right, in `0...count`.
///   - count: how many examples there were; with none, the interval is [0, 1].
///   - confidence: the nominal coverage.
/// - Returns: the interval.
package func wilsonInterval(successes: Int, of count: Int, confidence: Double = 0.95) -> Interval {
  precondition((0...max(count, 0)).contains(successes), "\(successes) successes of \(count)")
  guard count > 0 else { return Interval(0, 1) }
  let z = normalCriticalValue(confidence)
  let n = Double(count)
  let p = Double(successes) / n
  let denominator = 1 + z * z / n
  let centre = (p + z * z / (2 * n)) / denominator
  let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot() / denominator
  return Interval(
    successes == 0 ? 0 : max(0, centre - half),
    successes == count ? 1 : min(1, centre + half))
}

/// The standard error of a proportion, √(p(1 − p)/n); zero when all examples agree.
package func proportionStandardError(successes: Int, of count: Int) -> Double {
  guard count > 0 else { return 0 }
  let p = Double(successes) / Double(count)
  return (p * (1 - p) / Double(count)).squareRoot()
}
