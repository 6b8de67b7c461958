import Results

/// What the gate makes of one check.
package enum GateVerdict: String, Sendable {
  case pass
  case regression
  case inconclusive
}

/// A non-inferiority test of one metric, seen so that a gain is positive.
///
/// *Pass* when the lower end of the 95 % interval of the paired difference is above −margin.
/// *Regression* when its upper end is below 0, the loss exceeds the margin, and the one-sided p,
/// corrected over all gated metrics, is at most α. Otherwise *inconclusive*.
package struct GateDecision: Equatable, Sendable {
  /// What was decided.
  package let verdict: GateVerdict
  /// Candidate's gain; negative for a loss.
  package let gain: Double
  /// The interval of the gain.
  package let interval: Interval
  /// For an inconclusive result, about how many examples would decide; nil if no number would.
  package let examplesNeeded: Int?

  /// Decides one metric; all quantities in the metric's unit.
  ///
  /// - Parameters:
  ///   - difference: candidate less baseline on the same examples.
  ///   - higherIsBetter: the metric's direction.
  ///   - margin: the loss that does not matter.
  ///   - adjustedP: one-sided p of a loss, after Holm's correction over the gated metrics.
  ///   - alpha: the level that `adjustedP` is held to.
  package init(
    _ difference: PairedDifference, higherIsBetter: Bool, margin: Double, adjustedP: Double,
    alpha: Double
  ) {
    let sign = higherIsBetter ? 1.0 : -1.0
    gain = sign * difference.difference
    interval = difference.interval.scaled(by: sign)
    if interval.low > -margin {
      verdict = .pass
      examplesNeeded = nil
    } else if interval.high < 0 && -gain > margin && adjustedP <= alpha {
      verdict = .regression
      examplesNeeded = nil
    } else {
      verdict = .inconclusive
      examplesNeeded = Self.examplesNeeded(difference, gain: gain, margin: margin)
    }
  }

  /// The one-sided p value of a loss.
  package static func lossP(_ difference: PairedDifference, higherIsBetter: Bool) -> Double {
    let gain = difference.difference * (higherIsBetter ? 1 : -1)
    return gain < 0 ? difference.pValue / 2 : 1 - difference.pValue / 2
  }

  /// How many examples decide with 80 % power if the true difference is the observed one.
  private static func examplesNeeded(
    _ difference: PairedDifference, gain: Double, margin: Double
  ) -> Int? {
    // Above −margin it would pass, below it would be a regression (and a loss below zero).
    let distance = gain > -margin ? gain + margin : min(-gain, -gain - margin)
    let n = Double(max(1, difference.count))
    let error = max(difference.standardError, 1 / n)
    let spread = error * n.squareRoot() * (normalCriticalValue(0.95) + normalQuantile(0.8))
    let needed = (spread / distance) * (spread / distance)
    guard distance > 0, needed < 1e12 else { return nil }
    return max(difference.count + 1, Int(needed.rounded(.up)))
  }
}
