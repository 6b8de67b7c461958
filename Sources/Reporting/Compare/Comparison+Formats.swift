import Foundation
import Results
import Support
import Vision

/// The forms in which `compare` prints.
package enum ComparisonFormat: String, CaseIterable, Sendable {
  case table, markdown, csv, json
}

extension Comparison {
  /// The comparison as text that ends with a line break.
  package func text(_ format: ComparisonFormat, width: Int = 100) -> String {
    switch format {
    case .table: plain(width: width)
    case .markdown: markdown
    case .csv: csv
    case .json: json.text(pretty: true) + "\n"
    }
  }

  private func plain(width: Int) -> String {
    let tables = [overview, differences, seeds].compactMap { $0?.text(width: width) }
    return (tables + [notes.map(Escaping.terminal).joined(separator: "\n")])
      .joined(separator: "\n\n") + "\n"
  }

  private var markdown: String {
    let tables = [("Overview", overview), ("Differences", differences), ("Seeds", seeds)]
    let sections = tables.compactMap { title, table in
      table.map { "### \(title)\n\n\($0.markdown)" }
    }
    let list = notes.map { "- " + Escaping.markdown($0) }.joined(separator: "\n")
    return (sections + [list]).joined(separator: "\n\n") + "\n"
  }

  /// One line per report, task and metric, values unrounded and in the metric's own unit.
  private var csv: String {
    let titles = [
      "checkpoint", "task", "version", "protocol", "dataset", "metric", "unit", "value", "stderr",
      "ci95_low", "ci95_high", "n", "rank_low", "rank_high", "difference", "difference_low",
      "difference_high", "p", "p_holm", "minimum_detectable", "test", "limited",
      "oracle_selected", "forced", "report", "on_grid_edge",
    ]
    var table = TextTable(titles)
    for group in groups {
      for row in group.rows {
        for name in group.metrics {
          guard let metric = row.result.metrics[name] else { continue }
          table.add(csvRow(row, name, metric, isHeadline: name == group.headline))
        }
      }
    }
    return table.csv
  }

  private func csvRow(
    _ row: ComparisonRow, _ name: String, _ metric: Metric, isHeadline: Bool
  ) -> [String] {
    let result = row.result
    let difference = row.differences[name]
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let identity: [String] = [
      entries[row.entry].label, result.task, "\(result.version)", result.protocolName,
      result.dataset?.id ?? "", name, metric.unit,
    ]
    let value: [String] = [
      text(metric.value), text(metric.standardError), text(metric.interval.low),
      text(metric.interval.high), "\(metric.count)",
    ]
    let rank: [String] = [
      isHeadline ? row.rank.map { "\($0.lowerBound)" } ?? "" : "",
      isHeadline ? row.rank.map { "\($0.upperBound)" } ?? "" : "",
    ]
    let paired: [String] = [
      text(difference?.difference), text(difference?.interval.low),
      text(difference?.interval.high), text(difference?.pValue),
      isHeadline ? text(row.adjustedP) : "", text(difference?.minimumDetectable),
      difference?.test ?? "",
    ]
    let marks: [String] = [
      "\(result.limit != nil)", "\(result.isOracleSelected)", "\(!row.forced.isEmpty)",
      entries[row.entry].path, "\(result.hyperparameters?.isOnGridEdge ?? false)",
    ]
    return identity + value + rank + paired + marks
  }

  /// Everything the other forms show, for programs.
  package var json: JSON {
    [
      "schema": "unmask.comparison/1",
      "baseline": baseline.map { .string(entries[$0].label) } ?? .null,
      "reports": .array(
        entries.map { entry in
          [
            "label": .string(entry.label), "path": .string(entry.path),
            "checkpoint": .string(entry.report.checkpoint.name),
            "sha256": entry.report.checkpoint.sha256.json,
            "content_hash": entry.report.contentHash.json,
            "pictures": (entry.report.checkpoint.transform?.words).json,
          ]
        }),
      "groups": .array(groups.map(json)),
      "refused": .array(refusals.map { .string($0.errorDescription ?? "") }),
      "failed": .array(
        failures.map { entry, task in
          [
            "report": .string(entries[entry].label), "task": .string(task.task),
            "status": .string(task.status.rawValue), "error": task.error.json,
          ]
        }),
    ]
  }

  private func json(_ group: ComparisonGroup) -> JSON {
    [
      "task": .string(group.reference.task), "version": .integer(group.reference.version),
      "protocol": .string(group.reference.protocolName),
      "dataset": (group.reference.dataset?.id).json,
      "comparability_key": group.reference.comparabilityKey.json,
      "headline": .string(group.headline), "rows": .array(group.rows.map(json)),
    ]
  }

  private func json(_ row: ComparisonRow) -> JSON {
    [
      "report": .string(entries[row.entry].label),
      "metrics": .object(row.result.metrics.mapValues(\.json)),
      "rank": row.rank.map { [.integer($0.lowerBound), .integer($0.upperBound)] } ?? .null,
      "differences": .object(row.differences.mapValues(\.json)),
      "p_holm": row.adjustedP.map { .number($0) } ?? .null,
      "seeds": .array(row.result.seeds.map(\.json)),
      "limited": .bool(row.result.limit != nil),
      "oracle_selected": .bool(row.result.isOracleSelected),
      "on_grid_edge": .bool(row.result.hyperparameters?.isOnGridEdge ?? false),
      "forced": .array(
        row.forced.map {
          ["field": .string($0.path), "value": .string($0.first), "group": .string($0.second)]
        }),
    ]
  }
}

extension PairedDifference {
  /// The difference as in the JSON of `compare` and `gate`.
  package var json: JSON {
    var members: [String: JSON] = [
      "difference": .number(difference), "stderr": .number(standardError), "ci95": interval.json,
      "p": .number(pValue), "test": .string(test), "n": .integer(count),
      "minimum_detectable": .number(minimumDetectable),
    ]
    if let disagreement {
      members["baseline_only"] = .integer(disagreement.baselineOnly)
      members["candidate_only"] = .integer(disagreement.candidateOnly)
    }
    return .object(members)
  }
}
