import Foundation
import Results
import Support
import Tensors

/// Reports as one HTML file that needs nothing else: no network, no other file.
package struct Page: Sendable {
  let comparison: Comparison
  private let pool: WorkerPool

  /// The most pairs whose differences stand in a page: about five megabytes.
  private static let mostPairs = 120_000

  /// Compares reports for a page; results that are not comparable are left out and named.
  ///
  /// - Parameters:
  ///   - entries: at least one report.
  ///   - pool: shares out statistics and sections.
  /// - Throws: `InputError` if predictions are missing, changed, or of other examples.
  package init(_ entries: [ReportEntry], pool: WorkerPool) throws {
    var options = Comparison.Options()
    options.mostPairs = Self.mostPairs
    self.pool = pool
    comparison = try Comparison(entries, options: options, pool: pool)
  }

  /// What could not be compared, a line each.
  package var refusals: [InputError] { comparison.refusals }

  /// The file's content.
  ///
  /// - Throws: `InputError` if a figure cannot be read.
  package func html() throws -> String {
    var html = HTML()
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    html.raw(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        + "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n")
    html.element("title", title)
    html.raw("\n<link rel=\"icon\" href=\"data:,\">\n<style>\n\(PackageResources.style)</style>\n")
    html.raw("</head>\n<body>\n")
    html.raw("<a class=\"skip\" href=\"#main\">To the content</a>\n")
    header(&html)
    html.raw("<main id=\"main\">\n")
    overview(&html)
    differences(&html)
    let groups = comparison.groups
    let sections = try pool.map(groups.count) { index in
      var section = HTML()
      try self.section(groups[index], index, &section)
      return section.text
    }
    sections.forEach { html.raw($0) }
    try pretraining(&html)
    reproduction(&html)
    html.raw("</main>\n<p id=\"said\" role=\"status\" class=\"quiet\"></p>\n")
    html.raw("<script type=\"application/json\" id=\"pairs\">\(pairsJSON)</script>\n")
    html.raw("<script>\n\(PackageResources.script)</script>\n</body>\n</html>\n")
    return html.text
  }

  private var title: String {
    let names = comparison.entries.map(\.label)
    return names.count == 1 ? "Unmask: \(names[0])" : "Unmask: \(names.count) checkpoints compared"
  }

  private func header(_ html: inout HTML) {
    html.raw("<header>")
    html.element("h1", title)
    html.raw("<nav aria-label=\"Sections\"><ul>\n<li><a href=\"#overview\">Overview</a></li>\n")
    if comparison.entries.count > 1 {
      html.raw("<li><a href=\"#difference\">Differences</a></li>\n")
    }
    for (index, group) in comparison.groups.enumerated() {
      html.raw(
        "<li><a href=\"#task\(index)\">\(Escaping.html(comparison.columnName(group)))</a></li>\n")
    }
    html.raw("<li><a href=\"#pretraining\">Pretraining</a></li>\n")
    html.raw("<li><a href=\"#reproduce\">Reproduce</a></li>\n</ul></nav></header>\n")
  }

  private func overview(_ html: inout HTML) {
    html.raw("<section aria-labelledby=\"overview\">\n<h2 id=\"overview\">Overview</h2>\n")
    let table = comparison.overview
    let rows = comparison.entries.indices.map { entry in
      [HTMLCell(comparison.entries[entry].label)]
        + comparison.groups.filter { !$0.headline.isEmpty }.enumerated().flatMap { index, group in
          cells(of: entry, in: group, texts: Array(table.rows[entry][(1 + 2 * index)...].prefix(2)))
        }
    }
    html.table(
      caption: "Headline metric of each task with its 95 % interval, and rank",
      titles: table.titles,
      rows: rows, attributes: ["id": "overview-table"])
    html.raw("<ul class=\"quiet\">\n")
    for note in comparison.notes + comparison.refusals.compactMap(\.errorDescription) {
      html.element("li", note)
    }
    html.raw("</ul>\n</section>\n")
  }

  /// The value and the rank of a report in a group, sorted by number; blanks sort last.
  private func cells(of entry: Int, in group: ComparisonGroup, texts: [String]) -> [HTMLCell] {
    let row = group.rows.first { $0.entry == entry }
    let value = row?.result.metrics[group.headline]?.value
    return [
      HTMLCell(texts[0], value), HTMLCell(texts[1], (row?.rank?.lowerBound).map(Double.init)),
    ]
  }

  private func differences(_ html: inout HTML) {
    guard comparison.entries.count > 1 else { return }
    html.raw("<section aria-labelledby=\"difference\">\n")
    html.raw("<h2 id=\"difference\">Differences between two checkpoints</h2>\n<p class=\"choice\">")
    for (position, name) in ["first", "second"].enumerated() {
      html.raw("<label>\(position == 0 ? "From" : " to") <select id=\"\(name)\">")
      for (index, entry) in comparison.entries.enumerated() {
        let selected = index == position ? ["selected": ""] : [:]
        html.element("option", entry.label, selected.merging(["value": "\(index)"]) { $1 })
      }
      html.raw("</select></label>")
    }
    html.raw("</p>\n")
    html.table(
      caption: "Choose two checkpoints (this needs JavaScript)",
      titles: ["task", "difference, 95 % interval", "p", "could show", "verdict"], rows: [],
      attributes: ["id": "differences"])
    let partial = comparison.groups.filter { $0.pairedRows > 1 && $0.pairedRows < $0.rows.count }
    for group in partial {
      html.element(
        "p",
        "Of \(comparison.columnName(group)), the page holds the differences between the best "
          + "\(group.pairedRows) of \(group.rows.count); unmask compare shows those of any two.",
        ["class": "quiet"])
    }
    html.raw(
      "<p class=\"quiet\">Paired on the same images. Could show: the smallest true difference found "
        + "with 80 % power. p is not corrected for looking at many pairs; the ranks above are.</p>\n"
        + "</section>\n")
  }

  /// All pairs for the script: indices of the two reports, difference, ends, p, detectable.
  private var pairsJSON: String {
    let groups = comparison.groups
    let tasks = pool.map(groups.count) { index -> String in
      let group = groups[index]
      let unit = DisplayUnit(group.reference.metrics[group.headline]?.unit ?? "")
      let task: JSON = [
        "name": .string("\(comparison.columnName(group)) \(group.headline)"),
        "unit": .string(unit.name),
        "higher": .bool(group.reference.metrics[group.headline]?.higherIsBetter ?? true),
        "pairs": .array(
          group.pairs.map { pair in
            let numbers = [
              pair.difference.difference, pair.difference.interval.low,
              pair.difference.interval.high,
            ].map { JSON.number(significant($0 * unit.factor)) }
            return .array(
              [.integer(pair.first), .integer(pair.second)] + numbers + [
                .number(significant(pair.difference.pValue)),
                .number(significant(pair.difference.minimumDetectable * unit.factor)),
              ])
          }),
      ]
      return task.text(pretty: false)
    }
    // A script element ends at "</", wherever it stands.
    return "{\"tasks\": [\(tasks.joined(separator: ","))]}".replacing("<", with: "\\u003c")
  }

  /// A number to five digits.
  private func significant(_ value: Double) -> Double {
    Double(String(format: "%.5g", value)) ?? value
  }
}
