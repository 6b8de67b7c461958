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
          resamples: options.resamples, seed: options.seed, pool: pool)
      }
      if let base = rows.firstIndex(where: { $0.entry == baseline && $0.forced.isEmpty }) {
        for row in rows.indices where row != base && rows[row].forced.isEmpty {
          guard let first = sides[base], let second = sides[row] else { continue }
          rows[row].differences[metric] = second.difference(from: first)
        }
      }
      if metric == headline { rank(sides, keepingPairs: options.keepsPairs) }
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
        return AlignedPredictions(table)
      }
      return try AlignedPredictions(table, to: first.ids, file: entry.path, other: first.path)
    }
  }

  /// Gives each row the ranks that its differences from the others leave open.
  ///
  /// Pairs are tested at the 5 % level with Holm's correction over the pairs of the group.
  private mutating func rank(_ sides: [ComparedMetric?], keepingPairs: Bool) {
    let places = rows.indices.filter { sides[$0] != nil && rows[$0].forced.isEmpty }
    guard places.count > 1 else { return }
    var tested: [(first: Int, second: Int, difference: Double)] = []
    var values: [Double] = []
    for (position, first) in places.enumerated() {
      for second in places[(position + 1)...] {
        guard let one = sides[first], let other = sides[second] else { continue }
        let comparison = other.differenceAndP(from: one)
        tested.append((first, second, comparison.difference * (other.higherIsBetter ? 1 : -1)))
        values.append(comparison.pValue)
        if keepingPairs {
          pairs.append(
            ComparisonPair(
              first: rows[first].entry, second: rows[second].entry,
              difference: other.difference(from: one)))
        }
      }
    }
    var better = [Int](repeating: 0, count: rows.count)
    var worse = better
    for (pair, value) in zip(tested, holmAdjusted(values)) where value <= 0.05 {
      let (winner, loser) =
        pair.difference > 0 ? (pair.second, pair.first) : (pair.first, pair.second)
      better[loser] += 1
      worse[winner] += 1
    }
    for place in places { rows[place].rank = 1 + better[place]...places.count - worse[place] }
  }
}
