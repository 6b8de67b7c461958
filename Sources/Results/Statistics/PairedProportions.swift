import Foundation

/// The difference of two proportions measured on the same examples, candidate less baseline.
package struct PairedProportions: Equatable, Sendable {
  /// How many examples there are.
  package let count: Int
  /// The examples on which the two disagree.
  package let test: McNemarTest

  /// The comparison of `count` pairs, of which the given numbers disagree.
  package init(count: Int, baselineOnly: Int, candidateOnly: Int) {
    precondition(baselineOnly + candidateOnly <= count, "more disagreements than examples")
    self.count = count
    test = McNemarTest(baselineOnly: baselineOnly, candidateOnly: candidateOnly)
  }

  /// Counts the disagreements of two rows of outcomes of the same length (1 right, 0 wrong).
  package init(baseline: [UInt8], candidate: [UInt8]) {
    precondition(baseline.count == candidate.count, "paired outcomes differ in number")
    var baselineOnly = 0
    var candidateOnly = 0
    unsafe baseline.withUnsafeBufferPointer { first in
      unsafe candidate.withUnsafeBufferPointer { second in
        for index in 0..<first.count {
          unsafe baselineOnly &+= Int(first[index] & ~second[index] & 1)
          unsafe candidateOnly &+= Int(second[index] & ~first[index] & 1)
        }
      }
    }
    self.init(count: baseline.count, baselineOnly: baselineOnly, candidateOnly: candidateOnly)
  }

  /// Candidate's proportion less baseline's.
  package var difference: Double {
    count == 0 ? 0 : Double(test.candidateOnly - test.baselineOnly) / Double(count)
  }

  /// The share of examples on which the two disagree.
  package var disagreementRate: Double {
    count == 0 ? 0 : Double(test.disagreements) / Double(count)
  }

  /// The standard error of the difference, √(b + c − (c − b)²/n)/n.
  package var standardError: Double {
    guard count > 0 else { return 0 }
    let surplus = Double(test.candidateOnly - test.baselineOnly)
    let n = Double(count)
    return (Double(test.disagreements) - surplus * surplus / n).squareRoot() / n
  }

  /// Tango's score interval for the difference: consistent with McNemar's test, and of positive
  /// width even when the two never disagree.
  ///
  /// Tango 1998, "Equivalence test and confidence interval for the difference in proportions for
  /// the paired-sample design". The ends are the differences at which the score is ± z.
  package func interval(confidence: Double = 0.95) -> Interval {
    guard count > 0 else { return Interval(-1, 1) }
    let z = normalCriticalValue(confidence)
    // The score falls as the assumed difference grows.
    return Interval(
      bisect(-1, difference) { score(assuming: $0) > z },
      bisect(difference, 1) { score(assuming: $0) > -z })
  }

  /// Tango's score statistic, standard normal if the true difference is `delta`.
  package func score(assuming delta: Double) -> Double {
    let n = Double(count)
    let b = Double(test.baselineOnly)
    let c = Double(test.candidateOnly)
    // The likelihood's maximum over P(baseline only), given the difference: the larger root of
    // 2n·q² + linear·q + constant = 0.
    let linear = -b - c + (2 * n - c + b) * delta
    let constant = -b * delta * (1 - delta)
    let root = max(0, linear * linear - 8 * n * constant).squareRoot()
    let probability = (root - linear) / (4 * n)
    let variance = n * max(0, 2 * probability + delta * (1 - delta))
    let numerator = c - b - n * delta
    if variance <= 0 { return numerator == 0 ? 0 : numerator > 0 ? .infinity : -.infinity }
    return numerator / variance.squareRoot()
  }
}
