import Tensors

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

  /// The distribution of a metric over the resamples.
  ///
  /// - Parameter metric: computes the metric from the column sums; not a number where it is
  ///   undefined, for example when a resample has no image of any class.
  /// - Returns: the metric of the images as they are and of each resample.
  package func distribution(
    of metric: (UnsafeBufferPointer<Double>) -> Double
  ) -> BootstrapDistribution {
    let columns = statistics.columns
    let totals = statistics.totals
    let values = sums.withUnsafeBufferPointer { sums in
      (0..<resamples).map {
        metric(UnsafeBufferPointer(rebasing: sums[$0 * columns..<($0 + 1) * columns]))
      }
    }
    return BootstrapDistribution(
      point: totals.withUnsafeBufferPointer(metric), values: values,
      acceleration: acceleration(totals, metric))
  }

  /// The skewness constant of the BCa interval, from leaving out one image at a time.
  private func acceleration(
    _ totals: [Double], _ metric: (UnsafeBufferPointer<Double>) -> Double
  ) -> Double {
    let images = statistics.images
    var without = totals
    let leftOut = (0..<images).map { image in
      for column in 0..<totals.count {
        without[column] = totals[column] - statistics.values[column * images + image]
      }
      return without.withUnsafeBufferPointer(metric)
    }.filter { $0.isFinite }
    let mean = leftOut.reduce(0, +) / Double(max(1, leftOut.count))
    var squares = 0.0
    var cubes = 0.0
    for value in leftOut {
      let influence = mean - value
      squares += influence * influence
      cubes += influence * influence * influence
    }
    guard squares > 0 else { return 0 }
    return cubes / (6 * squares * squares.squareRoot())
  }
}
