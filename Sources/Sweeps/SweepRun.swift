import Checkpoints
import Evaluation
import Foundation
import Pretraining
import Reporting
import Support
import Synchronization
import Tensors
import Vision

/// Runs a sweep: pretrains and evaluates each cell of its grid, resumable at any point.
///
/// Below the folder: `sweep.json`, `checkpoints/CELL`, `CELL/report.json`. Cells share nothing but the
/// data, so their results do not depend on how many run at once.
package final class SweepRun: Sendable {
  /// A cell that has been checked against its data.
  struct Planned: Sendable {
    let cell: SweepCell
    let entry: SweepEntry
  }

  let definition: SweepDefinition
  private let options: SweepOptions
  let folder: String
  let data = OpenedData()
  let cells: [Planned]
  let evaluation: EvaluationPlan
  let earlierEntries: [String: EarlierEntry]
  let record: Mutex<SweepRecord>

  /// Checks everything that can be checked before anything is computed or written.
  ///
  /// - Parameters:
  ///   - definition: what the file says.
  ///   - options: what the command line adds.
  /// - Throws: `InputError` naming the cell, task or reference that is wrong, or when the folder
  ///   holds a sweep and `resume` is not set.
  package init(_ definition: SweepDefinition, _ options: SweepOptions) throws {
    self.definition = definition
    self.options = options
    let folder = options.out ?? "results/\(definition.name)"
    self.folder = folder
    let isBegun = ["sweep.json", "checkpoints"].contains {
      FileSystem.exists(folder + "/" + $0)
    }
    guard options.resume || !isBegun else {
      throw InputError(
        folder, "holds a sweep already",
        "add --resume to go on (what is finished is kept), or choose another --out")
    }
    earlierEntries = try EarlierEntry.read(folder + "/sweep.json")
    if !isBegun { try Self.refuseForeignReports(definition, folder) }
    for reference in definition.references { try EvaluationSubject.check(reference) }
    let (cells, specifications) = try Self.plan(definition, data)
    self.cells = cells
    evaluation = try Self.evaluation(definition, options, folder, specifications, data)
    let key = try evaluation.key()
    let verdict = SweepVerdict(
      cells.compactMap { planned in planned.entry.compute.map { (planned.cell.name, $0) } },
      tolerance: definition.computeTolerance)
    record = Mutex(
      SweepRecord(
        name: definition.name, command: options.command, definition: definition.resolved,
        references: definition.references.map { source in
          SweepEntry(
            name: CheckpointName.of(source), setting: source, evaluationKey: key,
            checkpoint: source)
        },
        cells: cells.map { planned in
          var entry = planned.entry
          entry.evaluationKey = key
          return entry
        }, verdict: verdict))
  }

  /// Refuses to write over the reports of other runs.
  private static func refuseForeignReports(_ definition: SweepDefinition, _ folder: String) throws {
    let names = definition.references.map { CheckpointName.of($0) } + definition.cells.map(\.name)
    for name in names where FileSystem.exists("\(folder)/\(name)/report.json") {
      throw InputError(
        "\(folder)/\(name)", "holds a report that this sweep did not write", "choose another --out")
    }
  }

  /// Reads every cell's recipe and opens its data.
  private static func plan(_ definition: SweepDefinition, _ data: OpenedData) throws
    -> (cells: [Planned], specifications: Set<String>)
  {
    var keys: [String: String] = [:]
    var specifications: Set<String> = []
    let cells = try definition.cells.map { cell in
      let plan = try cell.naming(definition.file) {
        try PretrainingPlan(cell.recipe, cell.options(limit: definition.limit)) {
          try data.open($0)
        }
      }
      if let twin = keys.updateValue(cell.name, forKey: plan.fingerprint) {
        throw InputError(
          definition.file, "the cells \(twin) and \(cell.name) are the same run", "remove one")
      }
      specifications.insert(plan.recipe.data)
      var entry = SweepEntry(
        name: cell.name, setting: cell.setting, labels: cell.labels,
        checkpoint: "checkpoints/" + cell.name)
      entry.seed = Int(plan.recipe.seed)
      entry.trainingKey = plan.fingerprint
      entry.mask = try plan.recipe.maskFingerprint()
      entry.compute = try SweepCompute(plan)
      return Planned(cell: cell, entry: entry)
    }
    return (cells, specifications)
  }

  /// What `unmask evaluate` would do with each cell.
  private static func evaluation(
    _ definition: SweepDefinition, _ options: SweepOptions, _ folder: String,
    _ specifications: Set<String>, _ data: OpenedData
  ) throws -> EvaluationPlan {
    var plan = EvaluationPlan(
      checkpoints: [], tasks: definition.tasks, data: definition.evaluationData, output: folder,
      seed: definition.evaluationSeed, threads: options.threads,
      precision: definition.evaluationPrecision, limit: definition.limit)
    if plan.data == nil, definition.tasks.contains(where: { $0.dataset == nil }) {
      guard specifications.count == 1 else {
        throw InputError(
          definition.file, "the cells are pretrained on different data",
          "say in evaluation.data what all are evaluated on")
      }
      plan.data = specifications.first
    }
    plan.isPartOfMany = true
    // Of many checkpoints, features would fill the disk; the results are kept.
    plan.keepsFeatures = false
    plan.open = { try data.open($0) }
    return plan
  }

  /// What will be done, in lines for people.
  package var plan: [String] {
    let record = record.withLock { $0 }
    let settings = record.computeTable.text(width: StandardOutput.width)
    let done = (record.cells + record.references).count { isFinished($0) }
    let each = max(1, options.threads / options.jobs)
    return [
      "sweep \(definition.name) → \(folder): \(definition.summary)"
    ]
      + settings.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) + [
        record.verdict.text,
        "evaluation: \(evaluation.tasks.map(\.name).joined(separator: ", ")) on "
          + Set(evaluation.tasks.compactMap { try? evaluation.specification(of: $0) }).sorted()
          .joined(separator: ", "),
        "\(done) of \(record.cells.count + record.references.count) finished already; "
          + "\(options.jobs) at once, \(each) thread\(each == 1 ? "" : "s") each",
      ]
  }

  /// Runs what is not finished.
  ///
  /// A cell that fails is recorded, and the others still run.
  /// - Returns: what became of all cells.
  /// - Throws: `InputError` when the folder cannot be written or is in use by another sweep.
  package func run() throws -> SweepOutcome {
    try FolderLock.holding(folder) { try runHeld() }
  }

  private func runHeld() throws -> SweepOutcome {
    let entries = record.withLock { $0.references + $0.cells }
    for entry in entries where isFinished(entry) { restore(entry) }
    try save()
    let open = record.withLock { record in
      (record.references + record.cells).filter { $0.status != .finished }
    }
    let progress = SweepProgress(
      total: open.count, jobs: options.jobs,
      flops: open.reduce(0) { $0 + ($1.compute?.totalFLOPs ?? 0) })
    try runJobs(min(options.jobs, max(1, open.count)), over: open, progress)
    let pool = WorkerPool(threads: options.threads)
    defer { pool.close() }
    var final = record.withLock { $0 }
    final.summary = try SweepSummary(
      final, taskNames: definition.tasks.map(\.name), folder: folder, pool: pool)
    try final.write(to: folder + "/sweep.json")
    return SweepOutcome(record: final, folder: folder)
  }

  /// Works through the entries on several threads, each with its share of the workers.
  private func runJobs(_ jobs: Int, over entries: [SweepEntry], _ progress: SweepProgress) throws {
    let next = Mutex(0)
    let failure = Mutex<(any Error)?>(nil)
    let group = DispatchGroup()
    for job in 0..<jobs {
      let threads = max(1, options.threads / jobs + (job < options.threads % jobs ? 1 : 0))
      group.enter()
      SystemThread.start(stackBytes: 16 << 20) { [self] in
        defer { group.leave() }
        ProgressMeter.$prefersLines.withValue(jobs > 1) {
          while true {
            let index = next.withLock { next in
              defer { next += 1 }
              return next
            }
            guard index < entries.count, failure.withLock({ $0 == nil }) else { return }
            do {
              try work(on: entries[index], threads: threads, progress)
            } catch {
              failure.withLock { $0 = $0 ?? error }
            }
          }
        }
      }
    }
    group.wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Pretrains and evaluates one entry; throws only when `sweep.json` cannot be written.
  private func work(on entry: SweepEntry, threads: Int, _ progress: SweepProgress) throws {
    var entry = entry
    entry.status = .running
    try save(entry)
    progress.begin(entry.name)
    do {
      try Log.$context.withValue(entry.name) {
        if let planned = cells.first(where: { $0.cell.name == entry.name }) {
          let seconds = try pretrain(planned, threads: threads)
          if let seconds {
            progress.trained(flops: entry.compute?.totalFLOPs ?? 0, seconds: seconds)
          }
          entry.compute?.pretrainingSeconds =
            seconds ?? earlierEntries[entry.name]?.pretrainingSeconds
          try save(entry)
        }
        let seconds = try evaluate(&entry, threads: threads)
        progress.evaluated(seconds: seconds)
        entry.compute?.evaluationSeconds = seconds
      }
      entry.status = .finished
    } catch {
      entry.status = .failed
      entry.error = Log.line(for: error)
      Log.error("\(entry.name): \(Log.line(for: error))")
    }
    try save(entry)
    progress.end(entry)
  }
}

/// What a sweep came to.
package struct SweepOutcome {
  let record: SweepRecord
  let folder: String

  /// Cells and references that failed.
  package var failures: Int {
    (record.cells + record.references).count { $0.status == .failed }
  }

  /// The tables and what is to be said about them, ending with a line break.
  package func text(width: Int) -> String {
    let summary = record.summary
    let tables = [record.computeTable, summary?.overview, summary?.differences]
      .compactMap { $0?.text(width: width) }
    let failed = (record.cells + record.references).filter { $0.status == .failed }
      .map { Escaping.terminal("\($0.name) failed: \($0.error ?? "")") }
    let notes = [record.verdict.text] + (summary?.notes ?? []) + failed
    return (tables + [notes.joined(separator: "\n")]).joined(separator: "\n\n") + "\n"
  }

  /// What can be done with the results.
  package var commands: [String] {
    [
      "unmask compare \(folder)",
      "unmask report \(folder) --html \(folder)/page.html",
    ]
  }
}
