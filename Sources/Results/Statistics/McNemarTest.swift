import Foundation

/// McNemar's test: two classifiers on the same examples, judged by the examples on which they differ.
///
/// With b examples that only the baseline gets right and c that only the candidate gets right,
/// c is binomial with b + c trials and probability ½ if the two are equally good.
package struct McNemarTest: Equatable, Sendable {
  /// Examples that only the baseline gets right.
  package let baselineOnly: Int
  /// Examples that only the candidate gets right.
  package let candidateOnly: Int

  /// The test of the given counts of disagreement.
  package init(baselineOnly: Int, candidateOnly: Int) {
    precondition(baselineOnly >= 0 && candidateOnly >= 0, "counts cannot be negative")
    self.baselineOnly = baselineOnly
    self.candidateOnly = candidateOnly
  }

  /// How many examples the two disagree on.
  package var disagreements: Int { baselineOnly + candidateOnly }

  /// Two-sided exact p: min(1, 2·P(Bin(b + c, ½) ≤ min(b, c))); 1 without disagreement.
  package var exactP: Double { min(1, 2 * lowerTail) }

  /// Two-sided mid-p: the exact p less the probability of the observed count.
  ///
  /// Less conservative than the exact test (Fagerland, Lydersen & Laake 2013).
  package var midP: Double {
    guard disagreements > 0 else { return 1 }
    return min(1, 2 * lowerTail - probability(of: min(baselineOnly, candidateOnly)))
  }

  /// Two-sided p of (b − c)²/(b + c) as χ² with one degree of freedom, good from about 25 disagreements.
  package var asymptoticP: Double { chiSquaredP(Double(abs(baselineOnly - candidateOnly))) }

  /// The asymptotic p with Edwards's continuity correction, (|b − c| − 1)²/(b + c).
  package var correctedP: Double {
    chiSquaredP(max(0, Double(abs(baselineOnly - candidateOnly) - 1)))
  }

  private func chiSquaredP(_ difference: Double) -> Double {
    guard disagreements > 0 else { return 1 }
    return erfc(difference / (2 * Double(disagreements)).squareRoot())
  }

  /// P(Bin(b + c, ½) = count).
  private func probability(of count: Int) -> Double {
    let n = Double(disagreements)
    let k = Double(count)
    return exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * log(2))
  }

  /// P(Bin(b + c, ½) ≤ min(b, c)), summed from its largest term downwards.
  private var lowerTail: Double {
    let smaller = min(baselineOnly, candidateOnly)
    guard disagreements > 0 else { return 1 }
    var term = probability(of: smaller)
    var sum = 0.0
    var count = smaller
    while count >= 0 && term > sum * 1e-18 {
      sum += term
      term *= Double(count) / Double(disagreements - count + 1)
      count -= 1
    }
    return sum
  }
}
