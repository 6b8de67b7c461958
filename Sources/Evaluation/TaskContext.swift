import Foundation
import Results
import Support
import Synchronization
import Tensors
import Vision

/// What one task on one checkpoint works with.
package final class TaskContext {
  /// The checkpoint.
  package let subject: EvaluationSubject
  /// The data, already limited.
  package let dataset: Dataset
  /// The task as its file defines it.
  package let definition: TaskDefinition
  /// The seed of the run.
  package let seed: UInt64
  /// What the encoder's matrix products read; heads are always trained in fp32.
  package let precision: Precision
  /// Shares out the work.
  package let pool: WorkerPool
  let store: FeatureStore

  /// The surroundings of a task.
  package init(
    definition: TaskDefinition, store: FeatureStore, seed: UInt64
  ) {
    self.definition = definition
    self.store = store
    self.seed = seed
    subject = store.subject
    dataset = store.dataset
    precision = store.precision
    pool = store.pool
  }

  /// Features of the training images, with the transform of evaluation.
  package func trainFeatures(_ request: FeatureRequest) throws -> FeatureSet {
    try features(request, of: SplitReference("train"))
  }

  /// Refuses a checkpoint or data to which the task does not apply.
  ///
  /// - Throws: `InputError` saying why.
  package func checkApplies() throws {
    let missing = definition.task.annotations.subtracting(dataset.annotations).sorted()
    guard missing.isEmpty else {
      let names = missing.map(\.rawValue).joined(separator: ", ")
      throw InputError(
        dataset.id, "nothing says the \(names) of its images, which \(definition.name) reads",
        "give data that does, for example --data scenes, or leave the task out")
    }
    try definition.task.checkApplies(self)
  }

  /// Which of the features that the run will read are not on disk yet.
  func missingFeatures(split: String, images: any ImageSplit) -> [ResolvedFeature] {
    store.missing(split: split, images: images)
  }

  /// Removes from the disk what this run read of the checkpoint's features.
  func removeFeatures() { store.removeFeatures() }

  /// A result with all that is known before anything is measured.
  ///
  /// - Parameters:
  ///   - request: the features that are read.
  ///   - splits: the sizes of the splits as used; train and test when nil.
  ///   - splitHash: the hash of a split that was cut from train.
  /// - Returns: the result.
  /// - Throws: `InputError` when the subject does not have the features.
  package func blankResult(
    reading request: FeatureRequest, splits: [String: Int]? = nil, splitHash: String? = nil
  ) throws -> TaskResult {
    var result = definition.blankResult(
      dataset: DatasetSummary(dataset, splits: splits, splitHash: splitHash))
    result.features = FeatureUse(
      requested: request.requested, resolved: try subject.resolve(request).summary)
    result.seed = Int(exactly: seed)
    result.limit = dataset.limit
    return result
  }

  /// A result that says why there is none.
  package func failedResult(_ error: any Error, as status: TaskResult.Status = .failed)
    -> TaskResult
  {
    var result = definition.blankResult(
      dataset: DatasetSummary(dataset))
    result.limit = dataset.limit
    return result.failed(error, as: status)
  }
}

extension DatasetSummary {
  /// What a report says of a data set, with the sizes of train and test when no others are given.
  init(_ dataset: Dataset, splits: [String: Int]? = nil, splitHash: String? = nil) {
    self.init(
      id: dataset.id, fingerprint: dataset.fingerprint,
      splits: splits ?? ["train": dataset.train.count, "test": dataset.test.count],
      classes: dataset.classes.count, splitHash: splitHash)
    classOrder = dataset.reading.classOrder?.rawValue
    leftOut = dataset.reading.leftOut.counts
    unreadable = dataset.reading.unreadable
    location = dataset.reading.location
  }
}
