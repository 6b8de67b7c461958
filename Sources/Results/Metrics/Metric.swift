/// One number that a task measured, with the uncertainty that comes from sampling test examples.
///
/// How much the number moves with the seed is another matter and stands in `SeedResult`.
package struct Metric: Equatable, Sendable {
  /// The measured value, in `unit`.
  package var value: Double
  /// Its standard error over test examples, in the same unit.
  package var standardError: Double
  /// The 95 % interval over test examples: Wilson's for a proportion, else the bootstrap's.
  package var interval: Interval
  /// How many test examples it rests on.
  package var count: Int
  /// Whether a larger value is the better one.
  package var higherIsBetter: Bool
  /// `fraction` (0…1, shown as per cent), `percent`, or another unit.
  package var unit: String
  /// How to compute the value again from the kept per-example outcomes; nil when that is not possible.
  package var outcome: MetricOutcome?

  /// A metric with its uncertainty.
  package init(
    value: Double, standardError: Double, interval: Interval, count: Int,
    higherIsBetter: Bool = true, unit: String = "fraction", outcome: MetricOutcome? = nil
  ) {
    self.value = value
    self.standardError = standardError
    self.interval = interval
    self.count = count
    self.higherIsBetter = higherIsBetter
    self.unit = unit
    self.outcome = outcome
  }

  /// The share of `count` examples that were right, with Wilson's interval.
  ///
  /// - Parameters:
  ///   - successes: how many were right.
  ///   - count: how many there were; at least one.
  ///   - column: the column of the predictions that says which.
  /// - Returns: the metric in `fraction`.
  package static func proportion(
    _ successes: Int, of count: Int, column: String? = nil
  ) -> Metric {
    Metric(
      value: count == 0 ? 0 : Double(successes) / Double(count),
      standardError: proportionStandardError(successes: successes, of: count),
      interval: wilsonInterval(successes: successes, of: count), count: count,
      outcome: column.map { MetricOutcome(statistic: .mean, columns: [$0]) })
  }

  /// Whether every number of the metric is finite.
  package var isFinite: Bool {
    value.isFinite && standardError.isFinite && interval.low.isFinite && interval.high.isFinite
  }
}

/// How a metric is computed from columns of per-example outcomes.
///
/// The paired bootstrap needs no more than this: each statistic is a function of column sums.
package struct MetricOutcome: Equatable, Sendable {
  /// A function of column sums.
  package enum Statistic: String, CaseIterable, Sendable {
    /// One column: its sum over the number of examples.
    case mean
    /// Two columns: the sum of the first over the sum of the second.
    case ratio
    /// Two columns of one number a class: the mean over classes of the ratio of their sums; classes
    /// whose second sum is zero do not count. Mean intersection over union is one.
    case meanRatio = "mean_ratio"
    /// Two columns, class label and right or wrong: the mean of the accuracies of the classes that
    /// occur.
    case meanPerClass = "mean_per_class"
    /// One column of several entries an example: the sum of the absolute values of the entries' sums, over the
    /// number of examples. The expected calibration error is one, with an entry a bin.
    case meanAbsoluteSum = "mean_absolute_sum"

    /// How many columns the statistic reads.
    package var columns: Int { self == .mean || self == .meanAbsoluteSum ? 1 : 2 }

    /// Whether its columns may have several entries an example.
    var isWide: Bool { self == .meanRatio || self == .meanAbsoluteSum }
  }

  /// Which function.
  package var statistic: Statistic
  /// The names of the columns it reads, in its order.
  package var columns: [String]

  /// A statistic over the named columns.
  package init(statistic: Statistic, columns: [String]) {
    precondition(
      columns.count == statistic.columns, "\(statistic) reads \(statistic.columns) columns")
    self.statistic = statistic
    self.columns = columns
  }
}
