import Foundation

/// How an interval is read off a bootstrap distribution.
package enum BootstrapMethod: String, CaseIterable, Sendable {
  /// The quantiles of the resampled values.
  case percentile
  /// The quantiles reflected at the point estimate, for metrics that resampling biases.
  case basic
  /// Bias-corrected and accelerated quantiles (Efron 1987).
  case bca
}

/// The values of one metric over bootstrap resamples.
package struct BootstrapDistribution: Sendable {
  /// The metric of the images as they are.
  package let point: Double
  /// The metric of each resample in which it is defined, ascending.
  package let values: [Double]
  /// In how many resamples the metric was not defined.
  package let undefined: Int
  private let acceleration: Double

  /// Sorts the replicates of a metric.
  package init(_ replicates: BootstrapReplicates) {
    point = replicates.point
    values = replicates.values.filter { $0.isFinite }.sorted()
    undefined = replicates.values.count - values.count
    acceleration = replicates.acceleration
  }

  /// Mean of the resampled values less the point estimate.
  package var bias: Double { mean - point }

  /// The standard deviation of the resampled values (n − 1).
  package var standardError: Double {
    guard values.count > 1 else { return 0 }
    let centre = mean
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  private var mean: Double {
    values.isEmpty ? point : values.reduce(0, +) / Double(values.count)
  }

  /// BCa when the bias exceeds a quarter of the standard error, else percentile.
  package var recommendedMethod: BootstrapMethod {
    abs(bias) > 0.25 * standardError ? .bca : .percentile
  }

  /// A confidence interval; the point itself when the metric is never defined.
  package func interval(
    _ method: BootstrapMethod? = nil, confidence: Double = 0.95
  ) -> Interval {
    let tail = (1 - confidence) / 2
    switch method ?? recommendedMethod {
    case .percentile: return Interval(quantile(tail), quantile(1 - tail))
    case .basic: return Interval(2 * point - quantile(1 - tail), 2 * point - quantile(tail))
    case .bca: return Interval(quantile(corrected(tail)), quantile(corrected(1 - tail)))
    }
  }

  /// Two-sided p of "the value is zero": twice the smaller share of resamples on either side of
  /// zero, one added to each count so that it is never zero.
  package var pValue: Double {
    let below = values.count { $0 <= 0 }
    let above = values.count { $0 >= 0 }
    return min(1, 2 * Double(min(below, above) + 1) / Double(values.count + 1))
  }

  /// The quantile with linear interpolation between order statistics.
  package func quantile(_ probability: Double) -> Double {
    guard let last = values.last else { return point }
    let position = min(max(probability, 0), 1) * Double(values.count - 1)
    let lower = Int(position)
    guard lower + 1 < values.count else { return last }
    return values[lower] + (position - Double(lower)) * (values[lower + 1] - values[lower])
  }

  /// The level that BCa reads instead of `probability`.
  private func corrected(_ probability: Double) -> Double {
    let below = values.count { $0 < point }
    let atMost = values.count { $0 <= point }
    let share = Double(below + atMost) / Double(2 * max(1, values.count))
    guard share > 0 && share < 1 else { return probability }
    let shift = normalQuantile(share)
    let sum = shift + normalQuantile(probability)
    return normalProbability(shift + sum / (1 - acceleration * sum))
  }
}
