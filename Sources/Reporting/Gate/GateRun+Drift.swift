import Foundation
import Results
import Support

extension GateRun {
  /// The drift memory of each metric, if there is a history.
  func driftChecks(_ notes: inout [String]) throws -> [GateCheck] {
    guard let folder = configuration.history else { return [] }
    if isEmpty(folder) {
      notes.append("history: there is nothing at \(folder) yet, so no drift can be seen.")
    }
    let anchor = try anchorEntry()
    let known = [anchor, input.candidate].map(\.report.contentHash)
    let history = try newest(configuration.historyLength - 1, at: folder, without: known)
    let runs = history + [input.candidate]
    notes.append(
      "Drift: \(runs.count) runs against \(anchor.label); the anchor moves only when it is replaced by hand."
    )
    return try input.items.map { try driftCheck($0, anchor, runs, &notes) }
  }

  /// The last reports of a folder by their date, oldest first; few are held at a time, since a history grows.
  private func newest(
    _ count: Int, at folder: String, without known: [String?]
  ) throws -> [ReportEntry] {
    guard !isEmpty(folder) else { return [] }
    var newest: [ReportEntry] = []
    var rest = try reportFiles(folder)[...]
    while !rest.isEmpty {
      newest += try loadReports(Array(rest.prefix(mostReports / 4)), pool: pool)
        .filter { !known.contains($0.report.contentHash) }
      newest.sort { ($0.report.created, $0.path) < ($1.report.created, $1.path) }
      newest = newest.suffix(count)
      rest = rest.dropFirst(mostReports / 4)
    }
    return newest
  }

  private func anchorEntry() throws -> ReportEntry {
    guard let path = configuration.anchor else { return input.baseline }
    guard let anchor = try loadReports([path]).first else {
      throw InputError(path, "holds no report to measure drift from")
    }
    return anchor
  }

  private func driftCheck(
    _ item: GateInput.Item, _ anchor: ReportEntry, _ runs: [ReportEntry], _ notes: inout [String]
  ) throws -> GateCheck {
    let key = item.baseline.comparabilityKey
    func result(_ entry: ReportEntry) -> TaskResult? {
      entry.report.tasks.first {
        $0.status == .ok && $0.comparabilityKey == key && $0.metrics[item.metricName] != nil
      }
    }
    guard let task = result(anchor), let table = try anchor.report.predictions(of: task) else {
      throw InputError(
        anchor.path, "has no result comparable with \(item.name)", "choose another anchor")
    }
    let base = try prepared(item.metricName, task, AlignedPredictions(table), anchor.path)
    let compared = try runs.compactMap { entry -> ComparedMetric? in
      guard let task = result(entry), let own = try entry.report.predictions(of: task) else {
        return nil
      }
      let aligned = try AlignedPredictions(
        own, to: table.ids, file: entry.path, other: anchor.path)
      return try prepared(item.metricName, task, aligned, entry.path)
    }
    if compared.count < runs.count {
      notes.append("Drift of \(item.name): \(runs.count - compared.count) runs are not comparable.")
    }
    return driftCheck(item, base, compared)
  }

  private func driftCheck(
    _ item: GateInput.Item, _ anchor: ComparedMetric, _ runs: [ComparedMetric]
  ) -> GateCheck {
    let sign = higherIsBetter(item) ? -1.0 : 1.0
    let memory = CUSUM(
      runs.map { run in
        let difference = run.difference(from: anchor)
        return (sign * difference.difference, difference.standardError)
      })
    let sum = "S = \(Numbers.fixed(memory.sum, 1)) after \(runs.count) runs"
    let seconds = item.candidate.timing?.seconds ?? 0
    guard memory.isRaised, let mean = anchor.meanGain(of: Array(runs.suffix(memory.runsSinceZero)))
    else { return GateCheck(.drift, item.name, .pass, "\(sum), no drift", seconds: seconds) }
    let z = -normalQuantile(configuration.alpha)
    let half = z * mean.standardError
    let unit = DisplayUnit(item.baseline.metrics[item.metricName]?.unit ?? "")
    let text = unit.text(
      mean.gain, Interval(mean.gain - half, mean.gain + half), signed: true)
    let isReal = mean.gain + half < 0
    return GateCheck(
      .drift, item.name, isReal ? .regression : .pass,
      "\(sum), mean of the last \(memory.runsSinceZero) runs \(text): "
        + (isReal ? "many small losses add up" : "may be the anchor's luck on these images"),
      seconds: seconds)
  }
}
