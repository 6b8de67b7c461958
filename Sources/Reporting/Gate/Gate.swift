import Foundation
import Results
import Support
import Tensors
import Vision

/// Whether a candidate may replace a baseline: hard checks, then a paired non-inferiority test per
/// metric, then the memory of many small losses.
package struct Gate: Sendable {
  /// The report that is the measure.
  package let baseline: ReportEntry
  /// The report that is judged.
  package let candidate: ReportEntry
  /// The checks, in the order in which they were made.
  package let checks: [GateCheck]
  /// What else to know, a line each.
  package let notes: [String]
  /// How long the candidate's gated tasks took together.
  let gatedSeconds: Double

  /// Judges a candidate.
  ///
  /// - Parameters:
  ///   - baseline: path of the baseline's report.
  ///   - candidate: path of the candidate's.
  ///   - configuration: path of a `gate.yaml`; nil for the defaults.
  ///   - pool: the workers for the bootstrap.
  /// - Throws: `InputError` if a report is unusable or the two are not comparable.
  package init(
    baseline: String, candidate: String, configuration: String? = nil, pool: WorkerPool
  ) throws {
    let settings = try configuration.map { try GateConfiguration(contentsOf: $0) } ?? .init()
    try self.init(
      baseline: one(baseline), candidate: one(candidate), configuration: settings,
      file: configuration ?? "gate.yaml", pool: pool)
  }

  /// Judges a candidate whose reports have been read.
  package init(
    baseline: ReportEntry, candidate: ReportEntry, configuration: GateConfiguration,
    file: String = "gate.yaml", pool: WorkerPool
  ) throws {
    self.baseline = baseline
    self.candidate = candidate
    let input = try GateInput(
      baseline: baseline, candidate: candidate, configuration: configuration, file: file)
    let run = GateRun(input: input, configuration: configuration, pool: pool)
    var notes = configuration.namesNothing.map {
      "\($0): in \(file) names nothing and is left out."
    }
    gatedSeconds = input.seconds
    checks =
      try HardChecks(configuration: configuration).checks(input) + run.untrainedChecks()
      + run.metricChecks(&notes) + run.driftChecks(&notes)
    self.notes = notes + [Self.pictureNote(baseline, candidate)].compactMap { $0 }
  }

  /// Says so when the two were not shown the same pictures.
  private static func pictureNote(_ baseline: ReportEntry, _ candidate: ReportEntry) -> String? {
    guard let before = baseline.report.checkpoint.transform?.words,
      let after = candidate.report.checkpoint.transform?.words, before != after
    else { return nil }
    return "The candidate looked at other pictures than the baseline: \(after); not: \(before)."
  }

  /// The worst of the checks.
  package var verdict: GateVerdict {
    let verdicts = checks.map(\.verdict)
    if verdicts.contains(.regression) { return .regression }
    return verdicts.contains(.inconclusive) ? .inconclusive : .pass
  }

  /// 0 passed, 1 regression, 3 inconclusive (0 if that is allowed).
  package func exitCode(allowInconclusive: Bool) -> Int32 {
    switch verdict {
    case .pass: 0
    case .regression: 1
    case .inconclusive: allowInconclusive ? 0 : 3
    }
  }
}

/// The one report that a path stands for.
private func one(_ path: String) throws -> ReportEntry {
  let entries = try loadReports([path])
  guard let first = entries.first, entries.count == 1 else {
    throw InputError(path, "holds \(entries.count) reports", "give one of them")
  }
  return first
}
