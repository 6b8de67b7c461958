import Foundation
import Support

/// A metric in the form that the bootstrap takes: outcomes per example, and a function of their sums.
package struct OutcomeColumns: Sendable {
  private enum Form: Sendable {
    /// One column per number and example; for statistics over classes, all numerators come first.
    case columns([[Double]])
    /// A class and a value per example.
    case classes(ClassOutcomes)
  }

  /// Which function of the sums.
  package let statistic: MetricOutcome.Statistic
  /// How many examples there are.
  package let count: Int
  private let form: Form

  /// Takes what a metric needs out of a table of predictions.
  ///
  /// - Parameters:
  ///   - outcome: the statistic and the columns it reads.
  ///   - predictions: the table.
  ///   - order: the example of each row; nil for the table's own order.
  ///   - file: how to name the table in errors.
  /// - Throws: `InputError` if a column is missing, of the wrong form, or holds what is no finite number.
  package init(
    _ outcome: MetricOutcome, of predictions: Predictions, order: [Int]? = nil, file: String
  ) throws {
    let sources = try outcome.columns.map { try predictions.column($0, file: file) }
    statistic = outcome.statistic
    count = predictions.count
    let isWide = outcome.statistic.isWide
    guard sources.allSatisfy({ isWide ? $0.width == sources[0].width : $0.width == 1 }) else {
      throw InputError(file, "has columns \(outcome.columns) of unfitting width")
    }
    if outcome.statistic == .meanPerClass {
      let labels = try sources[0].classLabels(file: file)
      form = .classes(
        ClassOutcomes(
          labels: order.map { $0.map { labels[$0] } } ?? labels,
          values: separate(sources[1], order)[0]))
    } else {
      form = .columns(sources.flatMap { separate($0, order) })
    }
  }

  /// The metric of the given column sums.
  private static func value(
    _ statistic: MetricOutcome.Statistic, _ sums: UnsafeBufferPointer<Double>, count: Int
  ) -> Double {
    switch statistic {
    case .mean: return unsafe sums[0] / Double(count)
    case .ratio: return unsafe sums[0] / sums[1]
    case .meanAbsoluteSum: return unsafe sums.reduce(0) { $0 + abs($1) } / Double(count)
    case .meanRatio, .meanPerClass:
      let classes = sums.count / 2
      var sum = 0.0
      var present = 0
      for index in 0..<classes where unsafe sums[classes + index] != 0 {
        unsafe sum += sums[index] / sums[classes + index]
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
    switch form {
    case .classes(let classes):
      return classes.replicates(resamples: resamples, seed: seed, pool: pool)
    case .columns(let columns):
      return unsafe BootstrapReplicates(
        of: SufficientStatistics(columns: columns), resamples: resamples, seed: seed, pool: pool
      ) { [statistic, count] in unsafe Self.value(statistic, $0, count: count) }
    }
  }

  /// Right (1) or wrong (0) for each example, if that is all the metric rests on.
  package var binary: [UInt8]? {
    guard statistic == .mean, case .columns(let columns) = form,
      columns[0].allSatisfy({ $0 == 0 || $0 == 1 })
    else { return nil }
    return columns[0].map { UInt8($0) }
  }

  /// The metric of all examples, each counted once.
  package var value: Double {
    switch form {
    case .classes(let classes): return classes.value
    case .columns(let columns):
      return unsafe SufficientStatistics(columns: columns).totals.withUnsafeBufferPointer {
        unsafe Self.value(statistic, $0, count: count)
      }
    }
  }
}

extension Predictions {
  /// A column of finite numbers.
  fileprivate func column(_ name: String, file: String) throws -> PredictionColumn {
    guard let column = self[name] else {
      throw InputError(file, "has no column \(name)", "evaluate the checkpoint again")
    }
    if case .real(let values) = column.values, !values.allSatisfy(\.isFinite) {
      throw InputError(
        file, "holds a \(name) in its predictions that is no finite number",
        "evaluate the checkpoint again")
    }
    return column
  }
}

extension PredictionColumn {
  /// The entries as classes, counted from zero.
  fileprivate func classLabels(file: String) throws -> [Int32] {
    let labels: [Int32?] =
      switch values {
      case .boolean(let values): values.map(Int32.init)
      case .integer(let values): values
      case .real(let values): values.map { Int32(exactly: $0) }
      }
    return try labels.map { label in
      guard let label, label >= 0 else {
        throw InputError(
          file,
          "has a class label in column \(name) that is no whole number from 0 to \(Int32.max)",
          "evaluate the checkpoint again")
      }
      return label
    }
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
