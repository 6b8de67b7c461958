import Checkpoints
import Foundation
import Support
import Tensors
import Vision

/// What `unmask evaluate` was asked to do.
package struct EvaluationPlan: Sendable {
  /// Checkpoints as typed: paths, `random:ENCODER`, `pixels`, each perhaps as `NAME=CHECKPOINT`.
  package var checkpoints: [String]
  /// How to call the only checkpoint; derived from each when nil.
  package var name: String?
  /// The tasks, in order.
  package var tasks: [TaskDefinition]
  /// The data for tasks whose file names none, and for all tasks when given.
  package var data: String?
  /// Where results go: a folder a checkpoint, and the cache.
  package var output: String
  package var seed: UInt64
  package var threads: Int
  package var precision: Precision
  /// The most images of a split that are used; nil for all.
  package var limit: Int?
  /// Whether cached features and finished tasks are ignored.
  package var isFresh: Bool
  /// How many pictures that cannot be decoded may be left out; nil when one ends the run.
  package var skipUnreadable: Int?
  /// What the user says about checkpoint files.
  package var checkpointOptions = CheckpointOptions()
  /// Whether a checkpoint's features stay on the disk when all its tasks are done.
  package var keepsFeatures = true
  /// Whether these checkpoints are some of many, so that a task that does not apply to one is skipped.
  package var isPartOfMany = false
  /// Called with each checkpoint and its folder before anything is computed; refuses one whose results do
  /// not belong there.
  package var admit: @Sendable (EvaluationSubject, String) throws -> Void = { _, _ in }
  /// Opens the data of a specification.
  package var open: @Sendable (String) throws -> Dataset = openDataset

  /// A plan.
  package init(
    checkpoints: [String], name: String? = nil, tasks: [TaskDefinition], data: String? = nil,
    output: String = "results", seed: UInt64 = 0, threads: Int = availableProcessors,
    precision: Precision = .fp32, limit: Int? = nil, isFresh: Bool = false
  ) {
    self.checkpoints = checkpoints
    self.name = name
    self.tasks = tasks
    self.data = data
    self.output = output
    self.seed = seed
    self.threads = threads
    self.precision = precision
    self.limit = limit
    self.isFresh = isFresh
  }

  /// The cache that the plan uses.
  package var cache: FeatureCache {
    FeatureCache(folder: FeatureCache.defaultFolder(results: output), isFresh: isFresh)
  }

  /// The specification of the data that a task reads.
  ///
  /// - Parameter task: one of the tasks.
  /// - Returns: the specification.
  /// - Throws: `InputError` when neither the command line nor the task names any.
  package func specification(of task: TaskDefinition) throws -> String {
    guard let specification = data ?? task.dataset else {
      throw InputError(
        task.name, "no data set is given", "add --data, for example --data scenes")
    }
    return specification
  }

  /// Opens the data of all tasks, each once.
  ///
  /// - Returns: data sets by specification, limited.
  /// - Throws: `InputError` when one is unusable.
  package func openDatasets() throws -> [String: Dataset] {
    if let limit, limit < 1 {
      throw InputError("--limit \(limit)", "must be at least 1")
    }
    var opened: [String: Dataset] = [:]
    for specification in try tasks.map(specification) where opened[specification] == nil {
      let dataset = try open(specification)
      opened[specification] = try readable(limit.map { dataset.limited(to: $0) } ?? dataset)
    }
    return opened
  }

  /// The data set without unreadable pictures, if they are to be skipped.
  private func readable(_ dataset: Dataset) throws -> Dataset {
    guard let skipUnreadable else { return dataset }
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let rest = try dataset.withoutUnreadable(atMost: skipUnreadable, pool: pool)
    let names = rest.reading.unreadable
    if !names.isEmpty {
      Log.warning("\(dataset.id): \(names.count) unreadable left out: \(names.briefly)")
    }
    return rest
  }

  /// The checkpoints under their names, no two alike.
  ///
  /// - Returns: what to load, in order.
  /// - Throws: `InputError` when a name is none, or given twice.
  package func planned() throws -> [PlannedCheckpoint] {
    let arguments = try checkpoints.map { try CheckpointArgument($0) }
    let names = try CheckpointArgument.names(of: arguments, only: name)
    return zip(names, arguments).map { name, argument in
      PlannedCheckpoint(name: name, source: argument.source, folder: folder(of: name))
    }
  }

  /// Where results of a checkpoint belong: the folder of its name, or one that is there already and
  /// differs from it in case only.
  private func folder(of name: String) -> String {
    guard !FileSystem.exists(output + "/" + name) else { return output + "/" + name }
    let there = (try? FileSystem.names(in: output)) ?? []
    let same = there.first { CheckpointName.folded($0) == CheckpointName.folded(name) }
    return output + "/" + (same ?? name)
  }

  /// Loads a checkpoint.
  ///
  /// - Parameter planned: one of the checkpoints.
  /// - Returns: the checkpoint under its name.
  /// - Throws: `InputError` when the checkpoint is unusable.
  func load(_ planned: PlannedCheckpoint) throws -> EvaluationSubject {
    try EvaluationSubject.load(
      planned.source, name: planned.name, seed: seed, options: checkpointOptions)
  }
}

/// A checkpoint of a plan.
package struct PlannedCheckpoint: Equatable, Sendable {
  /// Its name.
  package let name: String
  /// The path or reference.
  package let source: String
  /// Where its report belongs.
  package let folder: String
}
