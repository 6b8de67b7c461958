import Results
import Support
import Tensors

/// A table of predictions, and the order that puts its rows into that of another table.
struct AlignedPredictions: Sendable {
  let table: Predictions
  /// The row for each example of the other table; nil where the two are in the same order.
  let order: [Int]?

  /// The table in its own order.
  init(_ table: Predictions) {
    self.table = table
    order = nil
  }

  /// Aligns a table with the examples of another.
  ///
  /// - Parameters:
  ///   - table: the table.
  ///   - ids: the examples of the other table, in its order.
  ///   - file: how to name the table in errors.
  ///   - other: how to name the other.
  /// - Throws: `InputError` if the two are not of the same examples.
  init(_ table: Predictions, to ids: ExampleIDs, file: String, other: String) throws {
    self.table = table
    if ids == table.ids {
      order = nil
      return
    }
    guard let order = table.ids.positions(of: ids) else {
      throw InputError(
        file,
        "its predictions (\(table.count)) are not of the same examples as those of "
          + "\(other) (\(ids.count))", "evaluate both on the same data")
    }
    self.order = order
  }
}

/// One metric of one result, ready to be compared with the same of another.
struct ComparedMetric: Sendable {
  private enum Form: Sendable {
    case binary([UInt8])
    case replicates(BootstrapReplicates)
    case summary
  }

  private let metric: Metric
  private let form: Form

  var higherIsBetter: Bool { metric.higherIsBetter }

  /// Prepares a metric; nil if the result does not have it.
  init?(
    _ name: String, _ result: TaskResult, _ predictions: AlignedPredictions?, file: String,
    resamples: Int, seed: UInt64 = 0, pool: WorkerPool
  ) throws {
    guard let metric = result.metrics[name] else { return nil }
    self.metric = metric
    guard let predictions, let outcome = metric.outcome else {
      form = .summary
      return
    }
    let columns = try OutcomeColumns(
      outcome, of: predictions.table, order: predictions.order, file: file)
    try metric.check(against: columns, as: name, of: result.task, file: file)
    if let binary = columns.binary {
      form = .binary(binary)
    } else {
      form = .replicates(
        columns.replicates(resamples: resamples, seed: seed, pool: pool))
    }
  }

  /// Right or wrong per example, where that is what was kept.
  var binary: [UInt8]? { if case .binary(let outcomes) = form { outcomes } else { nil } }

  /// The metric over resamples, where that is how it is compared.
  var replicates: BootstrapReplicates? {
    if case .replicates(let replicates) = form { replicates } else { nil }
  }

  /// This metric less the baseline's.
  func difference(from baseline: ComparedMetric) -> PairedDifference {
    switch (baseline.form, form) {
    case (.binary(let first), .binary(let second)):
      PairedDifference(baseline: first, candidate: second)
    case (.replicates(let first), .replicates(let second)):
      PairedDifference(baseline: first, candidate: second)
    default: PairedDifference(unpaired: baseline.metric, metric)
    }
  }

  /// The difference and its p value only, which is cheaper.
  func differenceAndP(from baseline: ComparedMetric) -> (difference: Double, pValue: Double) {
    if case (.binary(let first), .binary(let second)) = (baseline.form, form) {
      let pairs = PairedProportions(baseline: first, candidate: second)
      return (pairs.difference, pairs.test.exactP)
    }
    let full = difference(from: baseline)
    return (full.difference, full.pValue)
  }
}
