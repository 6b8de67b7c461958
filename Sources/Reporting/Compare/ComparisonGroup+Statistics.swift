import Evaluation
import Support
import Tensors

extension ComparisonGroup {
  /// Fills in the differences from the baseline and the ranks.
  mutating func compare(
    _ entries: [ReportEntry], baseline: Int?, isDetailed: Bool, options: Comparison.Options,
    pool: WorkerPool
  ) throws {
    guard rows.count > 1 else { return }
    let tables = try alignedPredictions(entries)
    let others = isDetailed && baseline != nil ? Array(metrics.dropFirst()) : []
    for metric in [headline] + others {
      let sides = try rows.indices.map { row in
        try ComparedMetric(
          metric, rows[row].result, tables[row], file: entries[rows[row].entry].path,
          options: options, pool: pool)
      }
      if let base = rows.firstIndex(where: { $0.entry == baseline && $0.forced.isEmpty }) {
        for row in rows.indices where row != base && rows[row].forced.isEmpty {
          guard let first = sides[base], let second = sides[row] else { continue }
          rows[row].differences[metric] = second.difference(from: first)
        }
      }
      if metric == headline { rank(sides) }
    }
  }

  /// The predictions of each row with the order that puts them into that of the first; nil for a
  /// row without any, or one that is not comparable.
  private func alignedPredictions(_ entries: [ReportEntry]) throws -> [AlignedPredictions?] {
    var reference: (ids: ExampleIDs, path: String)?
    return try rows.map { row in
      let entry = entries[row.entry]
      guard row.forced.isEmpty, let table = try entry.report.predictions(of: row.result) else {
        return nil
      }
      guard let first = reference else {
        reference = (table.ids, entry.path)
        return AlignedPredictions(table: table, order: nil)
      }
      if first.ids == table.ids { return AlignedPredictions(table: table, order: nil) }
      guard let order = table.ids.positions(of: first.ids) else {
        throw InputError(
          entry.path,
          "its predictions of \(row.result.task) (\(table.count)) are not of the same examples as "
            + "those of \(first.path) (\(first.ids.count))", "evaluate both on the same data")
      }
      return AlignedPredictions(table: table, order: order)
    }
  }

  /// Gives each row the ranks that its differences from the others leave open.
  ///
  /// Pairs are tested at the 5 % level with Holm's correction over the pairs of the group.
  private mutating func rank(_ sides: [ComparedMetric?]) {
    let places = rows.indices.filter { sides[$0] != nil && rows[$0].forced.isEmpty }
    guard places.count > 1 else { return }
    var pairs: [(first: Int, second: Int, difference: Double)] = []
    var values: [Double] = []
    for (position, first) in places.enumerated() {
      for second in places[(position + 1)...] {
        guard let one = sides[first], let other = sides[second] else { continue }
        let comparison = other.differenceAndP(from: one)
        pairs.append((first, second, comparison.difference * (other.higherIsBetter ? 1 : -1)))
        values.append(comparison.pValue)
      }
    }
    var better = [Int](repeating: 0, count: rows.count)
    var worse = better
    for (pair, value) in zip(pairs, holmAdjusted(values)) where value <= 0.05 {
      let (winner, loser) =
        pair.difference > 0 ? (pair.second, pair.first) : (pair.first, pair.second)
      better[loser] += 1
      worse[winner] += 1
    }
    for place in places { rows[place].rank = 1 + better[place]...places.count - worse[place] }
  }
}

/// A table of predictions, and the order that puts its rows into that of another table.
struct AlignedPredictions {
  let table: Predictions
  let order: [Int]?
}

/// One metric of one result, ready to be compared with the same of another.
struct ComparedMetric {
  private enum Form {
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
    options: Comparison.Options, pool: WorkerPool
  ) throws {
    guard let metric = result.metrics[name] else { return nil }
    self.metric = metric
    guard let predictions, let outcome = metric.outcome else {
      form = .summary
      return
    }
    let columns = try OutcomeColumns(
      outcome, of: predictions.table, order: predictions.order, file: file)
    let value = columns.value
    guard abs(value - metric.value) <= 1e-6 * max(1, abs(value)) else {
      throw InputError(
        file, "\(result.task) reports \(name) \(metric.value), but its predictions give \(value)",
        "evaluate the checkpoint again")
    }
    if let binary = columns.binary {
      form = .binary(binary)
    } else {
      form = .replicates(
        columns.replicates(resamples: options.resamples, seed: options.seed, pool: pool))
    }
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
