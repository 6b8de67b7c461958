import Results
import Support
import Tensors

/// The metrics that two reports are gated on, matched and ready to be compared.
struct GateInput {
  /// One gated metric.
  struct Item {
    let name: String
    let metricName: String
    let baseline: TaskResult
    let candidate: TaskResult
    /// In the metric's unit.
    let margin: Double
  }

  let baseline: ReportEntry
  let candidate: ReportEntry
  let items: [Item]

  /// How long the candidate's gated tasks took; each counts once, however many of its metrics are gated.
  var seconds: Double {
    let tasks = candidate.report.tasks.filter { task in
      items.contains { $0.candidate.comparabilityKey == task.comparabilityKey }
    }
    return tasks.compactMap(\.timing?.seconds).reduce(0, +)
  }

  /// Matches the reports' results.
  ///
  /// - Throws: `InputError` if a report is limited, oracle-selected, has a failed task, was made by
  ///   another major version, or if the two are not comparable in a gated metric.
  init(
    baseline: ReportEntry, candidate: ReportEntry, configuration: GateConfiguration, file: String
  ) throws {
    self.baseline = baseline
    self.candidate = candidate
    try refuseUnusable(baseline)
    try refuseUnusable(candidate)
    let versions = [baseline, candidate].map(\.report.harness)
    guard versions[0].majorVersion == versions[1].majorVersion else {
      throw InputError(
        candidate.path,
        "was made by \(versions[1].name) \(versions[1].version), the baseline by \(versions[0].version)",
        "evaluate both with the same major version")
    }
    items = try Self.items(baseline, candidate, configuration, file)
  }

  private static func items(
    _ baseline: ReportEntry, _ candidate: ReportEntry, _ configuration: GateConfiguration,
    _ file: String
  ) throws -> [Item] {
    let known = baseline.report.tasks.flatMap { task in
      task.metrics.keys.map { "\(task.task).\($0)" }
    }
    for name in configuration.margins.keys.sorted() where !known.contains(name) {
      let suggestion = nearest(name, among: known).map { "did you mean \($0)?" }
      throw InputError(
        file, "metrics.\(name) is not a metric of \(baseline.path)",
        suggestion ?? "known are \(known.sorted().joined(separator: ", "))")
    }
    var items: [Item] = []
    let gated = baseline.report.tasks.filter { $0.limit == nil }
    for task in gated {
      for name in task.metrics.keys.sorted() {
        let full = "\(task.task).\(name)"
        guard let metric = task.metrics[name],
          let margin = margin(full, metric, isHeadline: name == task.headlineName, configuration)
        else { continue }
        let partner = try partner(of: task, in: candidate, baseline)
        guard partner.metrics[name] != nil else {
          throw InputError(candidate.path, "\(task.task) has no metric \(name)")
        }
        let isAlone = gated.count { $0.task == task.task } == 1
        let data = task.dataset.map { " on \($0.id)" } ?? ""
        items.append(
          Item(
            name: isAlone ? full : full + data, metricName: name, baseline: task,
            candidate: partner, margin: margin))
      }
    }
    guard !items.isEmpty else {
      throw InputError(baseline.path, "has no metric to gate on", "name metrics in gate.yaml")
    }
    return items
  }

  /// The margin in the metric's unit; nil if the metric is not gated.
  private static func margin(
    _ name: String, _ metric: Metric, isHeadline: Bool, _ configuration: GateConfiguration
  ) -> Double? {
    let factor = metric.unit == "fraction" ? 0.01 : 1
    if !configuration.margins.isEmpty { return configuration.margins[name].map { $0 * factor } }
    let hasDefault = metric.unit == "fraction" || metric.unit == "percent"
    return isHeadline && hasDefault ? configuration.defaultMargin * factor : nil
  }

  /// The candidate's result of the same comparability key.
  private static func partner(
    of task: TaskResult, in candidate: ReportEntry, _ baseline: ReportEntry
  ) throws -> TaskResult {
    let same = candidate.report.tasks.filter { $0.task == task.task && $0.status == .ok }
    if let match = same.first(where: { $0.comparabilityKey == task.comparabilityKey }) {
      return match
    }
    let data = task.dataset?.id
    guard let other = same.first(where: { $0.dataset?.id == data }) ?? same.first else {
      throw InputError(
        candidate.path, "has no result of \(task.task), which \(baseline.path) has",
        "evaluate the candidate on it")
    }
    let fields = other.comparabilityDifferences(from: task).prefix(5)
      .map { "\($0.path) is \($0.first), there \($0.second)" }
    throw InputError(
      candidate.path,
      "\(task.task) is not comparable with that of \(baseline.path): "
        + fields.joined(separator: ", "), "evaluate both the same way")
  }
}

/// Refuses what may not enter the gate.
private func refuseUnusable(_ entry: ReportEntry) throws {
  let harness = entry.report.harness
  for task in entry.report.tasks {
    if let version = task.run?.version, Harness.major(version) != harness.majorVersion {
      throw InputError(
        entry.path, "\(task.task) was made by version \(version), the report by \(harness.version)",
        "evaluate the checkpoint again")
    }
    if task.status == .failed {
      throw InputError(
        entry.path, "\(task.task) failed: \(task.error ?? "no reason given")",
        "evaluate the checkpoint again")
    }
    if task.limit != nil, !entry.report.tasks.contains(where: { $0.isFullRun(of: task) }) {
      throw InputError(
        entry.path, "\(task.task) was a limited run", "evaluate without --limit")
    }
    if task.isOracleSelected {
      throw InputError(
        entry.path, "\(task.task) is oracle-selected (chosen on the test set)",
        "use a protocol that chooses on a validation split")
    }
    if task.status == .ok, task.predictionsFile == nil, task.predictions == nil {
      throw InputError(
        entry.path, "\(task.task) kept no predictions, so nothing can be paired",
        "evaluate the checkpoint again")
    }
  }
}
