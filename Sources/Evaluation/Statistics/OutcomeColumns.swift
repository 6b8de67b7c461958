import Foundation
import Support
import Tensors

/// A metric in the form that the bootstrap takes: columns per example, and a function of their sums.
package struct OutcomeColumns: Sendable {
  /// Which function of the sums.
  package let statistic: MetricOutcome.Statistic
  /// One column per number and example; for statistics over classes, all numerators come first.
  package let columns: [[Double]]
  /// How many examples there are.
  package let count: Int

  /// Takes what a metric needs out of a table of predictions.
  ///
  /// - Parameters:
  ///   - outcome: the statistic and the columns it reads.
  ///   - predictions: the table.
  ///   - order: the example of each row; nil for the table's own order.
  ///   - file: how to name the table in errors.
  /// - Throws: `InputError` if a column is missing or of the wrong form.
  package init(
    _ outcome: MetricOutcome, of predictions: Predictions, order: [Int]? = nil, file: String
  ) throws {
    let sources = try outcome.columns.map { name in
      guard let column = predictions[name] else {
        throw InputError(file, "has no column \(name)", "evaluate the checkpoint again")
      }
      return column
    }
    statistic = outcome.statistic
    count = predictions.count
    let isWide = outcome.statistic == .meanRatio
    guard sources.allSatisfy({ isWide ? $0.width == sources[0].width : $0.width == 1 }) else {
      throw InputError(file, "has columns \(outcome.columns) of unfitting width")
    }
    let separated = sources.map { separate($0, order) }
    if outcome.statistic == .meanPerClass {
      columns = try oneHot(labels: separated[0][0], values: separated[1][0], file: file)
    } else {
      columns = separated.flatMap { $0 }
    }
  }

  /// The metric of the given column sums.
  package func value(of sums: UnsafeBufferPointer<Double>) -> Double {
    switch statistic {
    case .mean: return sums[0] / Double(count)
    case .ratio: return sums[0] / sums[1]
    case .meanRatio, .meanPerClass:
      let classes = sums.count / 2
      var sum = 0.0
      var present = 0
      for index in 0..<classes where sums[classes + index] != 0 {
        sum += sums[index] / sums[classes + index]
        present += 1
      }
      return sum / Double(present)
    }
  }

  /// The metric of bootstrap resamples of the examples.
  ///
  /// - Parameters:
  ///   - resamples: how many.
  ///   - seed: chooses them; use the same for what is to be compared.
  ///   - pool: the workers that share them out.
  /// - Returns: the replicates.
  package func replicates(
    resamples: Int = 2_000, seed: UInt64 = 0, pool: WorkerPool
  ) -> BootstrapReplicates {
    Bootstrap(
      SufficientStatistics(columns: columns), resamples: resamples, seed: seed, pool: pool
    ).replicates { value(of: $0) }
  }

  /// Right (1) or wrong (0) for each example, if that is all the metric rests on.
  package var binary: [UInt8]? {
    guard statistic == .mean, columns[0].allSatisfy({ $0 == 0 || $0 == 1 }) else { return nil }
    return columns[0].map { UInt8($0) }
  }

  /// The metric of all examples, each counted once.
  package var value: Double {
    SufficientStatistics(columns: columns).totals.withUnsafeBufferPointer { value(of: $0) }
  }
}

/// A column of several entries per example as so many columns of one.
private func separate(_ column: PredictionColumn, _ order: [Int]?) -> [[Double]] {
  let values = column.doubles
  let width = column.width
  let count = values.count / width
  return (0..<width).map { part in
    if let order { return order.map { values[$0 * width + part] } }
    return width == 1 ? values : (0..<count).map { values[$0 * width + part] }
  }
}

/// The most classes for which one column each is affordable.
private let mostClasses = 4_096

/// For each class, the values of its examples; then, for each class, which examples are its own.
private func oneHot(labels: [Double], values: [Double], file: String) throws -> [[Double]] {
  let labels = try labels.map {
    try Int(whole: $0, "a class label", of: file, in: 0...mostClasses - 1)
  }
  let classes = (labels.max() ?? -1) + 1
  let empty = [Double](repeating: 0, count: labels.count)
  var numerators = [[Double]](repeating: empty, count: classes)
  var denominators = numerators
  for (index, label) in labels.enumerated() {
    numerators[label][index] = values[index]
    denominators[label][index] = 1
  }
  return numerators + denominators
}
