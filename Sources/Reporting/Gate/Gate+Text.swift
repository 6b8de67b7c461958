import Results
import Support

extension Gate {
  /// The result as text for a terminal, ending with a line break.
  package func text(width: Int = 100) -> String {
    let reasons = checks.map {
      "\($0.verdict.rawValue): \($0.kind.rawValue) \($0.name): \($0.reason)"
    }
    let lines =
      [Visible.line(headline), "", table.text(width: max(width, 60)), ""]
      + (reasons + notes).map(Visible.line)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The result as Markdown, for a summary page.
  package var markdown: String {
    let list = checks.map { check in
      "- **\(check.verdict.rawValue)** \(check.kind.rawValue) \(Escaping.markdown(check.name)): "
        + Escaping.markdown(check.reason)
    }
    let remarks = notes.map { "- " + Escaping.markdown($0) }
    return "## Gate: \(verdict.rawValue)\n\n\(Escaping.markdown(subjects))\n\n\(table.markdown)\n\n"
      + (list + remarks).joined(separator: "\n") + "\n"
  }

  private var headline: String { "Gate: \(verdict.rawValue). \(subjects)" }

  private var subjects: String {
    "Candidate \(candidate.report.checkpoint.name) (\(candidate.path)) against "
      + "\(baseline.report.checkpoint.name) (\(baseline.path))."
  }

  /// One row per gated metric.
  package var table: TextTable {
    var table = TextTable([
      "metric", "baseline", "candidate", "difference", "margin", "p of a loss", "n", "disagree",
      "verdict",
    ])
    for check in checks {
      guard let evidence = check.evidence else { continue }
      let unit = DisplayUnit(evidence.baseline.unit)
      let difference = evidence.difference
      let scaled = difference.interval.scaled(by: unit.factor)
      let decimals = Numbers.decimals(for: scaled)
      let disagreement = difference.disagreement.map {
        Numbers.fixed(100 * Double($0.disagreements) / Double(max(1, difference.count)), 1) + " %"
      }
      table.add([
        unit.name.isEmpty ? check.name : "\(check.name), \(unit.name)",
        Numbers.fixed(evidence.baseline.value * unit.factor, decimals),
        Numbers.fixed(evidence.candidate.value * unit.factor, decimals),
        unit.text(difference.difference, difference.interval, signed: true),
        Numbers.fixed(evidence.margin * unit.factor, max(1, decimals)),
        Numbers.pValue(evidence.adjustedP), Numbers.grouped(difference.count),
        disagreement ?? "–", check.verdict.rawValue,
      ])
    }
    return table
  }
}
