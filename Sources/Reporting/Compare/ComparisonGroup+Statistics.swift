import Results
import Support
import Tensors

extension ComparisonGroup {
  /// Fills in the differences from the baseline and the ranks.
  mutating func compare(
    _ entries: [ReportEntry], baseline: Int?, isDetailed: Bool, options: Comparison.Options,
    mostPairs: Int, pool: WorkerPool
  ) throws {
    guard rows.count > 1 else {
      for row in rows { try entries[row.entry].report.verifyPredictions(of: row.result) }
      return
    }
    let tables = try alignedPredictions(entries, pool)
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
      if metric == headline { rank(sides, mostPairs: mostPairs, pool) }
    }
  }

  /// The predictions of each row with the order that puts them into that of the first; nil for a
  /// row without any, or one that is not comparable.
  private func alignedPredictions(_ entries: [ReportEntry], _ pool: WorkerPool) throws
    -> [AlignedPredictions?]
  {
    let rows = rows
    let tables = try pool.map(rows.count) { index in
      let row = rows[index]
      return row.forced.isEmpty
        ? try entries[row.entry].report.predictions(of: row.result) : nil
    }
    guard let first = tables.indices.first(where: { tables[$0] != nil }), let table = tables[first]
    else { return rows.map { _ in nil } }
    let path = entries[rows[first].entry].path
    return try pool.map(rows.count) { index in
      try tables[index].map {
        index == first
          ? AlignedPredictions($0)
          : try AlignedPredictions(
            $0, to: table.ids, file: entries[rows[index].entry].path, other: path)
      }
    }
  }

  /// Gives each row the ranks that its differences from the others leave open.
  ///
  /// Pairs are tested at the 5 % level with Holm's correction over the pairs of the group.
  private mutating func rank(
    _ sides: [ComparedMetric?], mostPairs: Int, _ pool: WorkerPool
  ) {
    let places = rows.indices.filter { sides[$0] != nil && rows[$0].forced.isEmpty }
    guard places.count > 1 else { return }
    let own = rows
    let kept = best(places, mostPairs: mostPairs)
    pairedRows = kept.count
    // Each place with all that come after it.
    let compared = pool.map(places.count) { position in
      places[(position + 1)...].compactMap { second -> RankedPair? in
        guard let one = sides[places[position]], let other = sides[second] else { return nil }
        let isKept = kept.contains(places[position]) && kept.contains(second)
        return RankedPair(places[position], second, one, other, own, isKept: isKept)
      }
    }.flatMap { $0 }
    pairs = compared.compactMap(\.kept)
    var better = [Int](repeating: 0, count: rows.count)
    var worse = better
    for (pair, value) in zip(compared, holmAdjusted(compared.map(\.pValue))) where value <= 0.05 {
      let (winner, loser) =
        pair.gain > 0 ? (pair.second, pair.first) : (pair.first, pair.second)
      better[loser] += 1
      worse[winner] += 1
    }
    for place in places { rows[place].rank = 1 + better[place]...places.count - worse[place] }
  }
}

extension ComparisonGroup {
  /// As many of the best rows as have no more pairs than allowed.
  private func best(_ places: [Int], mostPairs: Int) -> Set<Int> {
    var count = 0
    while count < places.count, (count + 1) * count / 2 <= mostPairs { count += 1 }
    guard mostPairs > 0 else { return [] }
    let isHigherBetter = reference.metrics[headline]?.higherIsBetter ?? true
    let worth = places.map { place in
      (rows[place].result.metrics[headline]?.value ?? 0) * (isHigherBetter ? 1 : -1)
    }
    let order = places.indices.sorted { (-worth[$0], $0) < (-worth[$1], $1) }
    return Set(order.prefix(count).map { places[$0] })
  }
}

/// Two rows, and which of them is the better one.
private struct RankedPair: Sendable {
  let first: Int
  let second: Int
  /// How much better the second is.
  let gain: Double
  let pValue: Double
  /// The difference in full, where it is shown.
  let kept: ComparisonPair?

  init(
    _ first: Int, _ second: Int, _ one: ComparedMetric, _ other: ComparedMetric,
    _ rows: [ComparisonRow], isKept: Bool
  ) {
    (self.first, self.second) = (first, second)
    let comparison = other.differenceAndP(from: one)
    gain = comparison.difference * (other.higherIsBetter ? 1 : -1)
    pValue = comparison.pValue
    kept =
      isKept
      ? ComparisonPair(
        first: rows[first].entry, second: rows[second].entry,
        difference: other.difference(from: one))
      : nil
  }
}
