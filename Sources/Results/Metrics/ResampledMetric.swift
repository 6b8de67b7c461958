import Support

extension Metric {
  /// A metric of kept outcomes, with the bootstrap's error and interval over examples.
  ///
  /// - Parameters:
  ///   - outcome: how it follows from the columns.
  ///   - predictions: the table that has them.
  ///   - higherIsBetter: whether a larger value is the better one.
  ///   - pool: shares out the resamples.
  /// - Throws: `InputError` when a column does not fit.
  package init(
    _ outcome: MetricOutcome, of predictions: Predictions, higherIsBetter: Bool = true,
    pool: WorkerPool
  ) throws {
    let columns = try OutcomeColumns(outcome, of: predictions, file: "the outcomes")
    self.init(
      BootstrapDistribution(columns.replicates(pool: pool)), count: predictions.count,
      higherIsBetter: higherIsBetter, outcome: outcome)
  }

  /// A metric whose distribution over resamples is known.
  init(
    _ distribution: BootstrapDistribution, count: Int, higherIsBetter: Bool = true,
    outcome: MetricOutcome? = nil
  ) {
    self.init(
      value: distribution.point, standardError: distribution.standardError,
      interval: distribution.interval(), count: count, higherIsBetter: higherIsBetter,
      outcome: outcome)
  }
}
