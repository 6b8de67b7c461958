import Foundation

/// The standard error of any statistic by leaving out one of a few groups of examples in turn.
///
/// The delete-a-group jackknife: with θ₍ᵢ₎ the statistic without group i of G, the variance is
/// (G − 1)/G · Σ (θ₍ᵢ₎ − mean)², and the interval Student's with G − 1 degrees of freedom
/// (Shao and Tu, "The Jackknife and Bootstrap", 1995, section 2.3).
package struct GroupJackknife: Sendable {
  /// The statistic of all examples.
  package let value: Double
  /// The standard error.
  package let standardError: Double
  /// The 95 % interval around `value`.
  package let interval: Interval

  /// A statistic and its values without each of the groups.
  ///
  /// - Parameters:
  ///   - value: of all examples.
  ///   - replicates: without each group; at least two.
  package init(value: Double, replicates: [Double]) {
    precondition(replicates.count >= 2, "a jackknife needs two groups")
    let groups = Double(replicates.count)
    let mean = replicates.reduce(0, +) / groups
    let squares = replicates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.value = value
    standardError = ((groups - 1) / groups * squares).squareRoot()
    let half =
      standardError * studentCriticalValue(0.95, degreesOfFreedom: replicates.count - 1)
    interval = Interval(value - half, value + half)
  }

  /// The statistic as an entry of a report.
  package func metric(count: Int, higherIsBetter: Bool, unit: String) -> Metric {
    Metric(
      value: value, standardError: standardError, interval: interval, count: count,
      higherIsBetter: higherIsBetter, unit: unit)
  }
}
