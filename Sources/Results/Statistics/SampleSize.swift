/// How many pairs a two-sided paired test needs to find a difference of two proportions.
///
/// Connor 1987: n = (z_{α/2}·√d + z_β·√(d − δ²))²/δ², rounded up.
/// - Parameters:
///   - effect: the difference δ to find, as a fraction; not zero.
///   - disagreement: the share d of examples on which the two differ, at least |δ|.
///   - level: the two-sided level of the test.
///   - power: the probability of finding the difference.
/// - Returns: the number of pairs, at least 1.
package func pairsNeeded(
  toDetect effect: Double, disagreement: Double, level: Double = 0.05, power: Double = 0.8
) -> Int {
  precondition(effect != 0 && effect.isFinite, "the effect must not be zero")
  let delta = abs(effect)
  let d = min(1, max(disagreement, delta))
  let numerator =
    -normalQuantile(level / 2) * d.squareRoot()
    + normalQuantile(power) * max(0, d - delta * delta).squareRoot()
  let pairs = numerator * numerator / (delta * delta)
  return pairs < 1e15 ? Int(pairs.rounded(.up)) : Int(1e15)
}

/// The smallest true difference that data with this standard error would have shown as significant
/// with the given power: (z_{α/2} + z_β) standard errors.
package func minimumDetectableDifference(
  standardError: Double, level: Double = 0.05, power: Double = 0.8
) -> Double {
  (normalQuantile(power) - normalQuantile(level / 2)) * standardError
}
