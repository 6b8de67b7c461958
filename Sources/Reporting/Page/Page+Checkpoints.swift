import Foundation
import Results
import Support
import Vision

extension Page {
  /// How the checkpoints were pretrained: a table, what the masks hide, and the training curves.
  func pretraining(_ html: inout HTML) throws {
    html.raw("<section aria-labelledby=\"pretraining\">\n")
    html.raw("<h2 id=\"pretraining\">Pretraining</h2>\n")
    let rows = comparison.entries.map { entry -> [HTMLCell] in
      let checkpoint = entry.report.checkpoint
      let training = checkpoint.pretraining
      func text(_ key: String) -> String { brief(training?[key]) }
      return [
        HTMLCell(entry.label), HTMLCell(checkpoint.encoder),
        HTMLCell(Numbers.grouped(checkpoint.parameters), Double(checkpoint.parameters)),
        HTMLCell(text("recipe")), HTMLCell(mask(training?["mask"])),
        HTMLCell(text("epochs"), training?["epochs"]?.double), HTMLCell(text("seed")),
        HTMLCell(brief(training?["data"]?["id"] ?? training?["data"])),
        HTMLCell(checkpoint.transform?.words ?? "–"),
      ]
    }
    html.table(
      caption: "What the encoders are and how they were pretrained",
      titles: [
        "checkpoint", "encoder", "parameters", "recipe", "mask", "epochs", "seed", "data",
        "pictures",
      ],
      rows: rows)
    try PretrainingGallery(comparison.entries).write(to: &html)
    for (title, key) in [("Training loss", "loss"), ("Learning rate", "learning_rate")] {
      let curves = comparison.entries.map { entry in
        CurvePlot.Curve(
          label: entry.label, points: curve(entry.report.checkpoint.pretraining?["curve"], key))
      }
      let vertical = title.lowercased()
      html.raw(
        CurvePlot(
          title: "\(title) over epochs", horizontal: "epoch", vertical: vertical, curves: curves
        ).svg)
    }
    html.raw("</section>\n")
  }

  /// One number of each epoch; a list of plain numbers is one of losses.
  private func curve(_ json: JSON?, _ key: String) -> [(x: Double, y: Double)] {
    (json?.array ?? []).enumerated().compactMap { index, point in
      guard let value = point[key]?.double ?? (key == "loss" ? point.double : nil) else {
        return nil
      }
      return (point["epoch"]?.double ?? Double(index + 1), value)
    }
  }

  private func mask(_ json: JSON?) -> String {
    guard let members = json?.object else { return brief(json) }
    let keys = members.keys.filter { $0 == "kind" } + members.keys.filter { $0 != "kind" }.sorted()
    return keys.map { "\($0) \(brief(members[$0]))" }.joined(separator: ", ")
  }

  private func brief(_ json: JSON?) -> String {
    guard let json, json != .null else { return "–" }
    let text = json.string ?? json.text()
    return text.count > 60 ? text.prefix(59) + "…" : text
  }

  /// All that is needed to run the reports again.
  func reproduction(_ html: inout HTML) {
    html.raw("<section aria-labelledby=\"reproduce\">\n<h2 id=\"reproduce\">Reproduce</h2>\n")
    for entry in comparison.entries {
      let report = entry.report
      html.raw("<details>")
      html.element("summary", "\(entry.label) (\(entry.path))")
      html.element("pre", report.command)
      let harness = report.harness
      let libraries = report.environment.libraries.sorted { $0.key < $1.key }
        .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      html.definitions([
        ("source", report.checkpoint.source), ("format", report.checkpoint.format),
        ("weights", report.checkpoint.sha256 ?? "none"),
        ("report", report.contentHash ?? "not written"),
        ("made by", "\(harness.name) \(harness.version), commit \(harness.commit ?? "unknown")"),
        ("created", timestamp(report.created)),
        ("machine", "\(report.environment.cpu), \(report.environment.cores) cores"),
        ("run with", "\(report.environment.threads) threads, \(report.environment.precision)"),
        ("system", report.environment.operatingSystem), ("libraries", libraries),
        ("peak memory", Numbers.grouped(report.environment.peakMemoryBytes / 1_048_576) + " MiB"),
      ])
      for task in report.tasks {
        html.element(
          "h3", "\(task.task) (\(task.protocolName)\(task.dataset.map { ", \($0.id)" } ?? ""))")
        if let run = task.run {
          html.element("p", "From an earlier run, \(run.precision), version \(run.version):")
          html.element("pre", run.command)
        }
        html.element("pre", task.config.text(pretty: true))
      }
      html.raw("</details>\n")
    }
    html.raw("</section>\n")
  }
}
