import Checkpoints
import Encoders
import Foundation
import Pretraining
import Results
import Support
import Tensors
import Vision

/// What was measured on one checkpoint.
package struct SubjectResults: Sendable {
  /// The checkpoint.
  package let subject: EvaluationSubject
  /// One result a task, in the order of the plan.
  package let results: [TaskResult]
  /// What its pretraining hides and paints in, on test images; nil when that is not known.
  package let pictures: PretrainingPictures?
  /// Where its report belongs.
  package let folder: String
}

/// Runs tasks on checkpoints.
package enum EvaluationRun {
  /// Runs every task of a plan on every checkpoint.
  ///
  /// A task that fails becomes a failed result with its error; the others still run. An image that
  /// cannot be read, or a full disk, ends the run, since no task can do without. A task whose result is kept
  /// already is not run again, unless the plan says so.
  /// - Parameters:
  ///   - plan: what to do.
  ///   - finished: keeps results; nil to compute everything.
  ///   - report: called when all tasks of a checkpoint are done.
  /// - Returns: the results, a checkpoint after the other.
  /// - Throws: `InputError` when the data, a checkpoint or the place for results is unusable, or what
  ///   `report` throws.
  @discardableResult
  package static func run(
    _ plan: EvaluationPlan, finished: KeptResults? = nil,
    report: (SubjectResults) throws -> Void = { _ in }
  ) throws -> [SubjectResults] {
    StaleFiles.removeOnce(in: plan.cache.folder + "/features")
    let datasets = try plan.openDatasets()
    let pool = WorkerPool(threads: plan.threads)
    defer { pool.close() }
    let planned = try plan.planned()
    for checkpoint in planned { try EvaluationSubject.check(checkpoint.source) }
    // Those that might be refused are loaded twice, so that nothing is computed in vain.
    for checkpoint in planned.dropFirst() where FileSystem.exists(checkpoint.folder) {
      try plan.admit(plan.load(checkpoint), checkpoint.folder)
    }
    return try planned.map { checkpoint in
      let subject = try plan.load(checkpoint)
      return try FolderLock.holding(checkpoint.folder) {
        try plan.admit(subject, checkpoint.folder)
        let results = try run(plan, subject, datasets, finished, pool)
        let outcome = SubjectResults(
          subject: subject, results: results, pictures: pictures(plan, subject, datasets, pool),
          folder: checkpoint.folder)
        try report(outcome)
        return outcome
      }
    }
  }

  private static func run(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ datasets: [String: Dataset],
    _ finished: KeptResults?, _ pool: WorkerPool
  ) throws -> [TaskResult] {
    let contexts = try contexts(plan, subject, datasets, pool)
    let results = try contexts.map { context in
      let key = context.resultKey
      if !plan.isFresh, var kept = finished?.result(for: key) {
        kept.dataset?.location = context.dataset.reading.location
        return kept
      }
      let name = "\(context.definition.name) of \(subject.name)"
      do {
        try context.checkApplies()
      } catch  where context.definition.isImplied || plan.isPartOfMany || plan.checkpoints.count > 1
      {
        // Asked for by name and of this checkpoint alone, it is a failure.
        Log.note("\(name) is skipped: \(Log.line(for: error))")
        return context.failedResult(error, as: .skipped)
      } catch {
        Log.error("\(name): \(Log.line(for: error))")
        return context.failedResult(error)
      }
      do {
        var result = try context.definition.task.run(context)
        try MappedFile.checkAllUnchanged()
        result.dataset?.truncated = try plan.cache.truncatedPictures(of: context.dataset)
        if result.status == .ok { try finished?.keep(result, for: key) }
        return result
      } catch let error as InputError where error.endsRun {
        throw error
      } catch {
        Log.error("\(name): \(Log.line(for: error))")
        return context.failedResult(error)
      }
    }
    let isDone = results.allSatisfy { $0.status != .failed }
    if isDone, !plan.keepsFeatures { contexts.forEach { $0.removeFeatures() } }
    return results
  }

  /// Pictures for a checkpoint of ours that keeps its decoder, on images of the first task's data.
  ///
  /// They are no measurement: where they cannot be made, there are none.
  private static func pictures(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ datasets: [String: Dataset],
    _ pool: WorkerPool
  ) -> PretrainingPictures? {
    guard subject.format == "unmask", let encoder = subject.encoder, let task = plan.tasks.first,
      let name = try? plan.specification(of: task),
      let dataset = datasets[name], dataset.test.count > 0
    else { return nil }
    do {
      let method = try PretrainingObjective.finished(
        CheckpointFolder(subject.source), encoder: encoder)
      guard let method, method.isPaintable else { return nil }
      return try PretrainingPictures(
        method, preprocessing: subject.preprocessing, images: dataset.test, pool: pool)
    } catch {
      Log.warning("no pictures of \(subject.name): \(Log.line(for: error))")
      return nil
    }
  }

  /// The surroundings of each task; tasks on the same data share their features.
  static func contexts(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ datasets: [String: Dataset],
    _ pool: WorkerPool
  ) throws -> [TaskContext] {
    var stores: [String: FeatureStore] = [:]
    return try plan.tasks.compactMap { task in
      let specification = try plan.specification(of: task)
      guard let dataset = datasets[specification] else { return nil }
      let planned = try plan.tasks.filter { try plan.specification(of: $0) == specification }
        .flatMap { $0.task.features }
      let store =
        stores[specification]
        ?? FeatureStore(
          subject: subject, dataset: dataset, cache: plan.cache, planned: planned,
          precision: plan.precision, pool: pool, open: plan.open)
      stores[specification] = store
      return TaskContext(definition: task, store: store, seed: plan.seed)
    }
  }
}

extension EvaluationSubject {
  /// Refuses what cannot be a checkpoint, before anything is computed.
  ///
  /// - Parameter source: a checkpoint as typed.
  /// - Throws: `InputError` when there is no such file or encoder.
  package static func check(_ source: String) throws {
    if source == "pixels" { return }
    if source.hasPrefix("random:") {
      try EncoderCatalog.validate(String(source.dropFirst("random:".count)))
    } else if !FileSystem.exists(source) {
      _ = try checkpoint(source, options: CheckpointOptions())
    }
  }
}
