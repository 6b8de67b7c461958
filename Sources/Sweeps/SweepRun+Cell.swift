import Checkpoints
import Evaluation
import Foundation
import Pretraining
import Reporting
import Results
import Support
import Synchronization
import Tensors

extension SweepRun {
  /// Whether an entry was finished by an earlier run, and recipe, data, weights, tasks and report are
  /// what they were.
  func isFinished(_ entry: SweepEntry) -> Bool {
    guard let earlier = earlierEntries[entry.name], earlier.status == .finished,
      earlier.trainingKey == entry.trainingKey, earlier.evaluationKey == entry.evaluationKey,
      let report = try? Report.read(folder + "/" + entry.report),
      report.contentHash == earlier.reportHash,
      report.tasks.allSatisfy({ (try? report.loaded($0)) != nil })
    else { return false }
    guard entry.trainingKey != nil else { return true }
    let weights = CheckpointFolder(folder + "/" + entry.checkpoint).modelPath
    return (try? SHA256.hex(ofFile: weights)) == earlier.weightsHash
  }

  /// Takes over what an earlier run found out about a finished entry.
  func restore(_ entry: SweepEntry) {
    guard let earlier = earlierEntries[entry.name] else { return }
    update(entry.name) { entry in
      entry.status = .finished
      entry.weightsHash = earlier.weightsHash
      entry.reportHash = earlier.reportHash
      entry.compute?.pretrainingSeconds = earlier.pretrainingSeconds
      entry.compute?.evaluationSeconds = earlier.evaluationSeconds
    }
  }

  /// Pretrains a cell, from where an earlier run stopped if recipe and data are the same.
  ///
  /// - Parameters:
  ///   - planned: the cell.
  ///   - threads: workers.
  /// - Returns: the seconds it took in all; nil when it was complete already.
  /// - Throws: `InputError` when the data or the folder is unusable, or training diverged.
  func pretrain(_ planned: Planned, threads: Int) throws -> Double? {
    let checkpoint = CheckpointFolder(folder + "/" + planned.entry.checkpoint)
    let progress = try self.progress(of: checkpoint, planned.entry)
    if progress == .complete { return nil }
    if progress == .foreign {
      Log.note("its checkpoint is of another recipe, data or weights; it is pretrained anew")
      try FileSystem.removeFolder(checkpoint.path)
    }
    let plan = try PretrainingPlan(
      planned.cell.recipe, planned.cell.options(limit: definition.limit)
    ) { try data.open($0) }
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    return try plan.train(into: checkpoint, pool: pool, resume: true)
  }

  /// How far a cell's checkpoint is.
  private enum CheckpointProgress {
    case begun, complete, foreign
  }

  private func progress(of checkpoint: CheckpointFolder, _ entry: SweepEntry) throws
    -> CheckpointProgress
  {
    guard let training = try checkpoint.training() else {
      // Training writes its record with the first save: without one there is no state to resume.
      return FileSystem.exists(checkpoint.statePath) ? .foreign : .begun
    }
    guard training["fingerprint"]?.string == entry.trainingKey else { return .foreign }
    guard let steps = training["steps"]?.int, training["steps_done"]?.int == steps,
      checkpoint.exists
    else { return .begun }
    let earlier = earlierEntries[entry.name]
    guard let hash = earlier?.weightsHash, earlier?.trainingKey == entry.trainingKey else {
      return .complete
    }
    return try SHA256.hex(ofFile: checkpoint.modelPath) == hash ? .complete : .foreign
  }

  /// Evaluates an entry and writes its report.
  ///
  /// - Parameters:
  ///   - entry: receives the hashes of weights and report.
  ///   - threads: workers.
  /// - Returns: the seconds it took.
  /// - Throws: `InputError` when the checkpoint is unusable or a task failed.
  func evaluate(_ entry: inout SweepEntry, threads: Int) throws -> Double {
    var plan = evaluation
    let isCell = entry.trainingKey != nil
    plan.checkpoints = [isCell ? folder + "/" + entry.checkpoint : entry.checkpoint]
    plan.name = entry.name
    plan.threads = threads
    let kept = KeptResults(folder: plan.cache.folder + "/results")
    let start = ContinuousClock.now
    var reports: [Report] = []
    try EvaluationRun.run(plan, finished: kept) { outcome in
      let report = Report(
        outcome, command: command(plan),
        environment: .current(threads: threads, precision: plan.precision.rawValue))
      reports.append(try report.write(outcome.folder))
    }
    guard let report = reports.first else { throw InputError(entry.name, "was not evaluated") }
    entry.weightsHash = report.checkpoint.sha256
    entry.reportHash = report.contentHash
    if let failed = report.failures.first {
      throw InputError(failed.task, failed.error ?? "failed")
    }
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// The command that makes the same report: it does not depend on how the sweep was run.
  private func command(_ plan: EvaluationPlan) -> String {
    let tasks = plan.tasks.map(\.name).joined(separator: ",")
    var words = ["unmask", "evaluate"] + plan.checkpoints + ["--tasks", tasks]
    if let data = plan.data { words += ["--data", data] }
    if let name = plan.name { words += ["--name", name] }
    words += ["--seed", "\(plan.seed)", "--precision", plan.precision.rawValue]
    if let limit = plan.limit { words += ["--limit", "\(limit)"] }
    return (words + ["--out", plan.output]).joined(separator: " ")
  }

  /// Puts an entry into the record and writes it.
  func save(_ entry: SweepEntry) throws {
    update(entry.name) { $0 = entry }
    try save()
  }

  /// Writes `sweep.json`; one thread at a time.
  func save() throws {
    try record.withLock { try $0.write(to: folder + "/sweep.json") }
  }

  private func update(_ name: String, _ change: (inout SweepEntry) -> Void) {
    record.withLock { record in
      if let index = record.cells.firstIndex(where: { $0.name == name }) {
        change(&record.cells[index])
      } else if let index = record.references.firstIndex(where: { $0.name == name }) {
        change(&record.references[index])
      }
    }
  }
}
