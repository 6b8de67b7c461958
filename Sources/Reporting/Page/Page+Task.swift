import Foundation
import Results
import Support

extension Page {
  /// The section of one task: a plot, a table, then seeds, classes and figures where there are any.
  func section(_ group: ComparisonGroup, _ index: Int, _ html: inout HTML) throws {
    let name = comparison.columnName(group)
    html.raw("<section aria-labelledby=\"task\(index)\">\n")
    html.element("h2", name, ["id": "task\(index)"])
    html.element("p", description(group), ["class": "quiet"])
    html.raw(plot(group, name).svg)
    table(group, name, &html)
    seeds(group, &html)
    classes(group, name, &html)
    try figures(group, &html)
    html.raw("</section>\n")
  }

  private func description(_ group: ComparisonGroup) -> String {
    let splits = group.reference.dataset?.splits.sorted { $0.key < $1.key }.map {
      "\(Numbers.grouped($0.value)) \($0.key)"
    }
    return "Protocol \(group.reference.protocolName), version \(group.reference.version); "
      + "data \(group.reference.dataset?.id ?? "unknown") (\(splits?.joined(separator: ", ") ?? "")); "
      + "key \((group.reference.comparabilityKey ?? "none").prefix(12))."
  }

  private func plot(_ group: ComparisonGroup, _ name: String) -> IntervalPlot {
    let unit = DisplayUnit(group.reference.metrics[group.headline]?.unit ?? "")
    let rows = group.rows.compactMap { row -> IntervalPlot.Row? in
      guard let metric = row.result.metrics[group.headline] else { return nil }
      return IntervalPlot.Row(
        label: comparison.entries[row.entry].label + comparison.marks(row),
        value: metric.value * unit.factor, interval: metric.interval.scaled(by: unit.factor))
    }
    let better = group.reference.metrics[group.headline]?.higherIsBetter ?? true
    return IntervalPlot(
      title:
        "\(name) \(group.headline) of \(rows.count) checkpoints, best first; the table below has the numbers",
      unit: [group.headline, unit.name].filter { !$0.isEmpty }.joined(separator: ", "),
      rows: rows.sorted { better ? $0.value > $1.value : $0.value < $1.value })
  }

  private func table(_ group: ComparisonGroup, _ name: String, _ html: inout HTML) {
    let titles =
      ["checkpoint"]
      + group.metrics.map { metric in
        let unit = DisplayUnit(group.reference.metrics[metric]?.unit ?? "").name
        return unit.isEmpty ? metric : "\(metric), \(unit)"
      } + ["rank", "chosen", "features", "head parameters", "seconds"]
    let rows = group.rows.map { row -> [HTMLCell] in
      let result = row.result
      let values = group.metrics.map { metric -> HTMLCell in
        guard let value = result.metrics[metric] else { return HTMLCell("–") }
        let text = DisplayUnit(value.unit).text(value.value, value.interval)
        return HTMLCell(
          text + (metric == group.headline ? comparison.marks(row) : ""), value.value)
      }
      return [HTMLCell(comparison.entries[row.entry].label)] + values + [
        HTMLCell(comparison.rankText(row.rank), (row.rank?.lowerBound).map(Double.init)),
        HTMLCell(chosen(result)), HTMLCell(result.features?.resolved ?? "–"),
        HTMLCell(
          result.headParameters.map(Numbers.grouped) ?? "–", result.headParameters.map(Double.init)),
        HTMLCell(result.timing.map { Numbers.fixed($0.seconds, 1) } ?? "–", result.timing?.seconds),
      ]
    }
    html.table(caption: "\(name): all metrics", titles: titles, rows: rows)
  }

  private func chosen(_ result: TaskResult) -> String {
    guard let parameters = result.hyperparameters else { return "–" }
    let values = parameters.chosen.object?.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value.string ?? $0.value.text())" }
    return (values ?? []).joined(separator: ", ") + " on \(parameters.chosenOn)"
      + (parameters.isOnGridEdge ? " (edge of the grid)" : "")
  }

  private func seeds(_ group: ComparisonGroup, _ html: inout HTML) {
    let unit = DisplayUnit(group.reference.metrics[group.headline]?.unit ?? "")
    let rows = group.rows.compactMap { row -> [HTMLCell]? in
      let values = row.result.seeds.compactMap { $0.metrics[group.headline] }
      guard !values.isEmpty else { return nil }
      let summary = SeedSummary(values.map { $0 * unit.factor })
      return [
        HTMLCell(comparison.entries[row.entry].label),
        HTMLCell(Numbers.fixed(summary.mean, 2), summary.mean),
        HTMLCell(
          summary.standardDeviation.map { Numbers.fixed($0, 2) } ?? "–", summary.standardDeviation),
        HTMLCell(summary.values.map { Numbers.fixed($0, 2) }.joined(separator: " ")),
      ]
    }
    guard !rows.isEmpty else { return }
    html.table(
      caption: "Seeds, apart from the sampling of images",
      titles: ["checkpoint", "mean", "standard deviation", "values"], rows: rows)
  }

  private func classes(_ group: ComparisonGroup, _ name: String, _ html: inout HTML) {
    let names = group.reference.perClass.map(\.name)
    let shown = group.rows.filter { $0.result.perClass.map(\.name) == names }
    guard !names.isEmpty, names.count <= 200, !shown.isEmpty else { return }
    let unit = DisplayUnit(group.reference.metrics[group.headline]?.unit ?? "")
    html.raw("<details><summary>Per class</summary>\n")
    html.table(
      caption: "\(name): \(group.headline) of each class",
      titles: ["class"] + shown.map { comparison.entries[$0.entry].label },
      rows: names.indices.map { index in
        [HTMLCell(names[index])]
          + shown.map { row in
            guard let metric = row.result.perClass[index].metric else { return HTMLCell("–") }
            return HTMLCell(Numbers.fixed(metric.value * unit.factor, 1), metric.value)
          }
      })
    html.raw("</details>\n")
  }

  /// The task's pictures, inside the page; at most 4 MB each.
  private func figures(_ group: ComparisonGroup, _ html: inout HTML) throws {
    for row in group.rows {
      let entry = comparison.entries[row.entry]
      for path in row.result.figures {
        let types = ["png": "png", "svg": "svg+xml"]
        guard let type = types[path.fileEnding], !path.hasPrefix("/"),
          !path.split(separator: "/").contains("..")
        else { continue }
        let file = (entry.report.folder ?? ".") + "/" + path
        let data = try MappedFile(file).data
        guard data.count <= 1 << 22 else { continue }
        let text = "\(entry.label): \(path.fileName)"
        html.raw("<figure><img alt=\"\(Escaping.html(text))\" src=\"data:image/\(type);base64,")
        html.raw(data.base64EncodedString() + "\">")
        html.element("figcaption", text)
        html.raw("</figure>\n")
      }
    }
  }
}
