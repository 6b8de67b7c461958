import Foundation
import Results
import Support

extension Comparison {
  /// One row per report, a column with interval and one with rank per task.
  package var overview: TextTable {
    let shown = groups.filter { !$0.headline.isEmpty }
    let titles = shown.flatMap { group -> [String] in
      let unit = DisplayUnit(group.reference.metrics[group.headline]?.unit ?? "").name
      let name = "\(columnName(group)) \(group.headline)"
      return [unit.isEmpty ? name : "\(name), \(unit)", "rank"]
    }
    var table = TextTable(["checkpoint"] + titles)
    for entry in entries.indices {
      let cells = shown.flatMap { group -> [String] in
        let rows = group.rows.filter { $0.entry == entry }
        return [
          rows.map { valueCell($0, group.headline) }.joined(separator: "; "),
          rows.map { rankText($0.rank) }.joined(separator: "; "),
        ]
      }
      table.add([entries[entry].label] + cells.map { $0.isEmpty ? "–" : $0 })
    }
    return table
  }

  /// The differences from the baseline, one row per report, task and metric; nil without a baseline.
  package var differences: TextTable? {
    guard let baseline else { return nil }
    var table = TextTable(
      [
        "task", "metric", "checkpoint", "difference from \(entries[baseline].label)", "p",
        "p, Holm",
        "could show", "n", "test",
      ],
      alignments: [.left, .left, .left, .right, .right, .right, .right, .right, .left])
    for group in groups {
      for metric in group.metrics {
        for row in group.rows {
          guard let difference = row.differences[metric] else { continue }
          let unit = DisplayUnit(row.result.metrics[metric]?.unit ?? "")
          let scaled = difference.interval.scaled(by: unit.factor)
          table.add([
            columnName(group), metric, entries[row.entry].label,
            unit.text(difference.difference, difference.interval, signed: true),
            Numbers.pValue(difference.pValue),
            metric == group.headline ? row.adjustedP.map(Numbers.pValue) ?? "" : "",
            Numbers.fixed(
              difference.minimumDetectable * unit.factor, Numbers.decimals(for: scaled)),
            Numbers.grouped(difference.count), difference.test,
          ])
        }
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// What repeated runs with other seeds gave; nil if no result has seeds.
  package var seeds: TextTable? {
    var table = TextTable(
      ["task", "checkpoint", "metric", "mean", "standard deviation", "seeds", "values"],
      alignments: [.left, .left, .left, .right, .right, .right, .left])
    for group in groups {
      for row in group.rows {
        let values = row.result.seeds.compactMap { $0.metrics[group.headline] }
        guard !values.isEmpty else { continue }
        let summary = SeedSummary(values)
        let factor = DisplayUnit(row.result.metrics[group.headline]?.unit ?? "").factor
        table.add([
          columnName(group), entries[row.entry].label, group.headline,
          Numbers.fixed(summary.mean * factor, 2),
          summary.standardDeviation.map { Numbers.fixed($0 * factor, 2) } ?? "–",
          "\(values.count)\(summary.isIndicative ? ", indicative" : "")",
          values.map { Numbers.fixed($0 * factor, 2) }.joined(separator: " "),
        ])
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// The task's name, with protocol or data set where groups of the same task differ in them.
  func columnName(_ group: ComparisonGroup) -> String {
    let same = groups.map(\.reference).filter { $0.task == group.reference.task }
    let name = Self.name(group.reference, among: same)
    guard same.count(where: { Self.name($0, among: same) == name }) > 1 else { return name }
    return name + " " + (group.reference.comparabilityKey ?? "").prefix(6)
  }

  private static func name(_ result: TaskResult, among same: [TaskResult]) -> String {
    var parts = [result.task]
    if same.contains(where: { $0.protocolName != result.protocolName }) {
      parts.append(result.protocolName)
    }
    if let data = result.dataset?.id, same.contains(where: { $0.dataset?.id != data }) {
      parts.append(data)
    }
    return parts.joined(separator: " · ")
  }

  private func valueCell(_ row: ComparisonRow, _ name: String) -> String {
    guard let metric = row.result.metrics[name] else { return "" }
    return DisplayUnit(metric.unit).text(metric.value, metric.interval) + marks(row)
  }

  /// The signs that stand for what is special about a result.
  func marks(_ row: ComparisonRow) -> String {
    (row.result.limit != nil ? " †" : "") + (row.result.isOracleSelected ? " ‡" : "")
      + (row.forced.isEmpty ? "" : " ≠")
  }

  func rankText(_ rank: ClosedRange<Int>?) -> String {
    guard let rank else { return "" }
    return rank.count == 1 ? "\(rank.lowerBound)" : "\(rank.lowerBound)–\(rank.upperBound)"
  }

  /// That a value was chosen at the edge of what was tried, so that more may be had beyond it.
  private func edgeNote(_ row: ComparisonRow) -> String? {
    guard let search = row.result.hyperparameters, search.isOnGridEdge else { return nil }
    let values = search.edges.map { edge in
      "\(edge.name) \(edge.value.text()) of \(edge.tried.map { $0.text() }.joined(separator: ", "))"
    }
    return
      "\(entries[row.entry].label), \(row.result.task): chosen at the edge of the grid, a wider one "
      + "may give more" + (values.isEmpty ? "." : ": \(values.joined(separator: "; ")).")
  }

  /// What the signs and columns mean, and what failed; only lines that apply.
  package var notes: [String] {
    let rows = groups.flatMap(\.rows)
    var notes = ["Intervals are 95 % over test images; seeds are not in them."]
    if rows.contains(where: { $0.rank != nil }) {
      notes.append(
        "Rank: the places a checkpoint may hold; pairs tested at 5 % with Holm's correction.")
    }
    if rows.contains(where: { !$0.differences.isEmpty }) {
      notes.append(
        "p, Holm: corrected over all tasks and checkpoints. Could show: the smallest true "
          + "difference found with 80 % power.")
    }
    if rows.contains(where: { $0.result.limit != nil }) {
      notes.append("† limited run: a quick look at a part of the images.")
    }
    if rows.contains(where: { $0.result.isOracleSelected }) {
      notes.append("‡ oracle-selected: something was chosen on the test set.")
    }
    notes += rows.compactMap(edgeNote)
    for row in rows where !row.forced.isEmpty {
      let fields = row.forced.map { "\($0.path) is \($0.first), not \($0.second)" }
      notes.append(
        "≠ \(entries[row.entry].label), \(row.result.task): not comparable; "
          + fields.joined(separator: ", ") + ".")
    }
    if let pictureNote { notes.append(pictureNote) }
    for (entry, task) in failures {
      let error = task.error.map { ": " + $0 } ?? ""
      notes.append("\(entries[entry].label), \(task.task) \(task.status.rawValue)\(error)")
    }
    return notes
  }
}
