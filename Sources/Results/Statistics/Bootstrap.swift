import Support

/// A bootstrap over images, from which any metric of the column sums gets an interval and a p value.
///
/// Metrics of the same statistics share the resamples, so differences between them are paired.
package struct Bootstrap: Sendable {
  /// What each image contributes.
  package let statistics: SufficientStatistics
  /// How many resamples there are.
  package let resamples: Int
  private let sums: [Double]

  /// Draws the resamples and adds up their columns.
  ///
  /// - Parameters:
  ///   - statistics: what each image contributes; at least one image.
  ///   - resamples: how many resamples; 2,000 are enough for an interval, 1,000 the least to trust.
  ///   - seed: chooses the resamples.
  ///   - pool: the workers that share the resamples out; does not change the result.
  package init(
    _ statistics: SufficientStatistics, resamples: Int = 2_000, seed: UInt64, pool: WorkerPool
  ) {
    self.statistics = statistics
    self.resamples = resamples
    sums = resampledSums(of: statistics, resamples: resamples, seed: seed, pool: pool)
  }

  /// A metric of each resample.
  ///
  /// - Parameter metric: computes the metric from the column sums; not a number where it is
  ///   undefined, for example when a resample has no image of any class.
  /// - Returns: the metric of the images as they are, of each resample, and without each image.
  package func replicates(
    of metric: (UnsafeBufferPointer<Double>) -> Double
  ) -> BootstrapReplicates {
    let columns = statistics.columns
    let totals = statistics.totals
    let values = unsafe sums.withUnsafeBufferPointer { sums in
      (0..<resamples).map {
        unsafe metric(UnsafeBufferPointer(rebasing: sums[$0 * columns..<($0 + 1) * columns]))
      }
    }
    return unsafe BootstrapReplicates(
      point: totals.withUnsafeBufferPointer(metric), values: values,
      leftOut: statistics.leavingOneOut(metric))
  }

  /// The distribution of a metric over the resamples.
  ///
  /// - Parameter metric: computes the metric from the column sums.
  /// - Returns: what intervals and p values are read from.
  package func distribution(
    of metric: (UnsafeBufferPointer<Double>) -> Double
  ) -> BootstrapDistribution {
    unsafe BootstrapDistribution(replicates(of: metric))
  }
}

/// A metric of the images as they are, of each resample, and without each image.
///
/// Replicates of two checkpoints from the same resamples subtract to those of their difference.
package struct BootstrapReplicates: Sendable {
  /// The metric of the images as they are.
  package let point: Double
  /// The metric of each resample, in order; not a number where it is undefined.
  package let values: [Double]
  /// The metric without each image in turn.
  package let leftOut: [Double]

  /// The replicates of a metric of column sums; sums are not kept.
  ///
  /// - Parameters:
  ///   - statistics: what each image contributes; at least one image.
  ///   - resamples: how many resamples.
  ///   - seed: chooses them.
  ///   - pool: shares them out.
  ///   - metric: computes the metric from column sums.
  init(
    of statistics: SufficientStatistics, resamples: Int, seed: UInt64, pool: WorkerPool,
    metric: @escaping @Sendable (UnsafeBufferPointer<Double>) -> Double
  ) {
    point = unsafe statistics.totals.withUnsafeBufferPointer(metric)
    values = unsafe resampledValues(
      of: statistics, resamples: resamples, seed: seed, pool: pool, metric: metric)
    leftOut = unsafe statistics.leavingOneOut(metric)
  }

  /// Replicates that are known.
  init(point: Double, values: [Double], leftOut: [Double]) {
    self.point = point
    self.values = values
    self.leftOut = leftOut
  }

  /// The replicates of the difference of two metrics of the same resamples.
  package static func - (
    first: BootstrapReplicates, second: BootstrapReplicates
  ) -> BootstrapReplicates {
    precondition(
      first.values.count == second.values.count && first.leftOut.count == second.leftOut.count,
      "replicates of different resamples")
    return BootstrapReplicates(
      point: first.point - second.point, values: zip(first.values, second.values).map { $0 - $1 },
      leftOut: zip(first.leftOut, second.leftOut).map { $0 - $1 })
  }

  /// The replicates of the mean of several metrics of the same resamples; nil of none.
  package static func mean(_ metrics: [BootstrapReplicates]) -> BootstrapReplicates? {
    guard let first = metrics.first else { return nil }
    let share = 1 / Double(metrics.count)
    func mean(_ part: (BootstrapReplicates) -> [Double]) -> [Double] {
      var sum = [Double](repeating: 0, count: part(first).count)
      for metric in metrics {
        let values = part(metric)
        for index in sum.indices { sum[index] += values[index] * share }
      }
      return sum
    }
    return BootstrapReplicates(
      point: metrics.reduce(0) { $0 + $1.point * share }, values: mean { $0.values },
      leftOut: mean { $0.leftOut })
  }

  /// The skewness constant of the BCa interval (Efron 1987), from leaving out one image at a time.
  var acceleration: Double {
    let values = leftOut.filter { $0.isFinite }
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    var squares = 0.0
    var cubes = 0.0
    for value in values {
      let influence = mean - value
      squares += influence * influence
      cubes += influence * influence * influence
    }
    return squares > 0 ? cubes / (6 * squares * squares.squareRoot()) : 0
  }
}
