import Foundation
import Results
import Support
import Tensors

/// The statistical checks of one run of the gate.
struct GateRun {
  let input: GateInput
  let configuration: GateConfiguration
  let pool: WorkerPool

  /// The non-inferiority test of each metric.
  func metricChecks(_ notes: inout [String]) throws -> [GateCheck] {
    let pairs = try input.items.map { item in
      let sides = try compared(
        item.metricName, (input.baseline, item.baseline), (input.candidate, item.candidate))
      return (item, sides.second.difference(from: sides.first))
    }
    let losses = pairs.map { item, difference in
      GateDecision.lossP(difference, higherIsBetter: higherIsBetter(item))
    }
    let seeds = try SeedSpread(self)
    var checks: [GateCheck] = []
    for (pair, adjusted) in zip(pairs, holmAdjusted(losses)) {
      let check = metricCheck(pair.0, pair.1, adjusted, &notes)
      checks += [try check.map { try seeds?.weighed($0, pair.0) ?? spared($0) }].compactMap { $0 }
    }
    return checks
  }

  /// A regression between two seeds of one recipe, of which nobody can say what else caused it.
  private func spared(_ check: GateCheck) -> GateCheck {
    let (before, after) = (input.baseline.report.checkpoint, input.candidate.report.checkpoint)
    guard check.verdict == .regression, let seeds = after.seeds(asRunsOfOneRecipeWith: before)
    else { return check }
    return GateCheck(
      check.kind, check.name, .inconclusive,
      check.reason + "; but nothing that is recorded differs except the seed (\(seeds.other), here "
        + "\(seeds.own)): give reports of more seeds in seeds:, or train with the same one",
      evidence: check.evidence, seconds: check.seconds)
  }

  private func metricCheck(
    _ item: GateInput.Item, _ difference: PairedDifference, _ adjusted: Double,
    _ notes: inout [String]
  ) -> GateCheck? {
    guard let before = item.baseline.metrics[item.metricName],
      let after = item.candidate.metrics[item.metricName]
    else { return nil }
    let decision = GateDecision(
      difference, higherIsBetter: before.higherIsBetter, margin: item.margin,
      adjustedP: adjusted, alpha: configuration.alpha)
    if decision.gain > 3 * item.margin && decision.interval.low > 0 {
      notes.append(
        "\(item.name) gained more than three margins: check for a leak of test images into training."
      )
    }
    return GateCheck(
      .metric, item.name, decision.verdict,
      reason(decision, item.margin, DisplayUnit(before.unit)),
      evidence: GateEvidence(
        baseline: before, candidate: after, difference: difference, margin: item.margin,
        adjustedP: adjusted), seconds: item.candidate.timing?.seconds ?? 0)
  }

  private func reason(_ decision: GateDecision, _ margin: Double, _ unit: DisplayUnit) -> String {
    let size = trimmed(margin * unit.factor)
    let points = unit.name == "%" ? (size == "1" ? "point" : "points") : unit.name
    let gain = unit.text(decision.gain, decision.interval, signed: true)
    let limit = "\(size) \(points)"
    switch decision.verdict {
    case .pass: return "\(gain): a loss of \(limit) is excluded"
    case .regression: return "\(gain): a real loss, and more than \(limit)"
    case .inconclusive:
      let needed = decision.examplesNeeded.map {
        "about \(Numbers.grouped($0)) examples would decide"
      }
      return "\(gain): a loss of \(limit) is neither excluded nor certain; "
        + (needed ?? "no number of examples would decide at this very difference")
    }
  }

  /// Whether the candidate beats its untrained twin on any gated metric, if there is one.
  func untrainedChecks() throws -> [GateCheck] {
    guard let path = configuration.untrained else { return [] }
    let twin = try reports(at: path)
    guard let twin = twin.first, twin.report.tasks.count > 0 else {
      throw InputError(path, "holds no report of an untrained twin")
    }
    var equals: [String] = []
    for item in input.items {
      guard
        let task = twin.report.tasks.first(where: {
          $0.status == .ok && $0.comparabilityKey == item.candidate.comparabilityKey
        })
      else {
        throw InputError(
          twin.path, "has no result comparable with \(item.name)", "evaluate the twin the same way")
      }
      let sides = try compared(item.metricName, (twin, task), (input.candidate, item.candidate))
      let difference = sides.second.difference(from: sides.first)
      let sign = higherIsBetter(item) ? 1.0 : -1.0
      if difference.interval.scaled(by: sign).low > 0 {
        let gain = DisplayUnit(item.candidate.metrics[item.metricName]?.unit ?? "")
          .text(sign * difference.difference, difference.interval.scaled(by: sign), signed: true)
        return [GateCheck(.hard, "untrained twin", .pass, "better by \(gain) in \(item.name)")]
      }
      equals.append(item.name)
    }
    return [
      GateCheck(
        .hard, "untrained twin", .regression,
        "no better than an untrained encoder in \(equals.joined(separator: ", "))")
    ]
  }

  /// Two results of a metric on the same examples.
  func compared(
    _ metric: String, _ first: (entry: ReportEntry, task: TaskResult),
    _ second: (entry: ReportEntry, task: TaskResult)
  ) throws -> (first: ComparedMetric, second: ComparedMetric) {
    let tables = try [first, second].map { try $0.entry.report.predictions(of: $0.task) }
    guard let one = tables[0], let other = tables[1] else {
      let path = tables[0] == nil ? first.entry.path : second.entry.path
      throw InputError(path, "kept no predictions, so nothing can be paired")
    }
    let aligned = try AlignedPredictions(
      other, to: one.ids, file: second.entry.path, other: first.entry.path)
    return (
      try prepared(metric, first.task, AlignedPredictions(one), first.entry.path),
      try prepared(metric, second.task, aligned, second.entry.path)
    )
  }

  func prepared(
    _ metric: String, _ task: TaskResult, _ table: AlignedPredictions, _ path: String
  ) throws -> ComparedMetric {
    let result = try ComparedMetric(
      metric, task, table, file: path, resamples: configuration.resamples, pool: pool)
    guard let result else { throw InputError(path, "\(task.task) has no metric \(metric)") }
    return result
  }

  func higherIsBetter(_ item: GateInput.Item) -> Bool {
    item.baseline.metrics[item.metricName]?.higherIsBetter ?? true
  }

  /// The reports at a path; none if there is nothing there yet.
  func reports(at path: String) throws -> [ReportEntry] {
    isEmpty(path) ? [] : try loadReports([path])
  }

  /// Whether there is nothing at a path yet.
  func isEmpty(_ path: String) -> Bool {
    guard FileSystem.exists(path) else { return true }
    return (try? FileSystem.names(in: path))?.isEmpty ?? false
  }
}

/// A number without trailing zeros.
private func trimmed(_ value: Double) -> String {
  var text = Numbers.fixed(value, 4)
  while text.last == "0" { text.removeLast() }
  if text.last == "." { text.removeLast() }
  return text
}
