/// The difference of one metric between two checkpoints on the same examples.
package struct PairedDifference: Equatable, Sendable {
  /// Candidate's value less baseline's, in the metric's unit.
  package var difference: Double
  /// Its standard error over examples.
  package var standardError: Double
  /// Its 95 % interval over examples.
  package var interval: Interval
  /// Two-sided p of no difference.
  package var pValue: Double
  /// The test that gave `pValue`.
  package var test: String
  /// How many examples both were scored on.
  package var count: Int
  /// For right-or-wrong outcomes, the counts of disagreement.
  package var disagreement: McNemarTest?

  /// The smallest true difference that this data would have shown with 80 % power at the 5 % level.
  ///
  /// With no disagreement at all, that of a single one.
  package var minimumDetectable: Double {
    let least = disagreement == nil ? 0 : 1 / Double(max(1, count))
    return minimumDetectableDifference(standardError: max(standardError, least))
  }

  /// Compares two classifiers' outcomes, 1 for right, by McNemar's exact test and Tango's interval.
  package init(baseline: [UInt8], candidate: [UInt8]) {
    self.init(PairedProportions(baseline: baseline, candidate: candidate))
  }

  /// Compares two proportions by McNemar's exact test and Tango's interval.
  package init(_ pairs: PairedProportions) {
    difference = pairs.difference
    standardError = pairs.standardError
    interval = pairs.interval()
    pValue = pairs.test.exactP
    test = "McNemar, exact"
    count = pairs.count
    disagreement = pairs.test
  }

  /// Compares any metric by the paired bootstrap, from replicates of the same resamples.
  package init(baseline: BootstrapReplicates, candidate: BootstrapReplicates) {
    let distribution = BootstrapDistribution(candidate - baseline)
    difference = distribution.point
    standardError = distribution.standardError
    interval = distribution.interval()
    pValue = distribution.pValue
    test = "paired bootstrap, \(candidate.values.count) resamples"
    count = candidate.leftOut.count
    disagreement = nil
  }

  /// Compares two numbers that were not measured on the same known examples: the normal
  /// approximation from two standard errors, much weaker than a paired test.
  package init(unpaired baseline: Metric, _ candidate: Metric) {
    let z = normalCriticalValue(0.95)
    // Half the interval stands in where every example agreed and the standard error is zero.
    let errors = [baseline, candidate].map { max($0.standardError, $0.interval.width / (2 * z)) }
    difference = candidate.value - baseline.value
    standardError = (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot()
    interval = Interval(difference - z * standardError, difference + z * standardError)
    pValue =
      standardError > 0
      ? 2 * normalProbability(-abs(difference) / standardError) : difference == 0 ? 1 : 0
    test = "unpaired z"
    count = min(baseline.count, candidate.count)
  }
}
