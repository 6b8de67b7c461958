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
  private let store: FeatureStore

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
    try store.features(request, split: "train", images: dataset.train)
  }

  /// Features of the test images.
  package func testFeatures(_ request: FeatureRequest) throws -> FeatureSet {
    try store.features(request, split: "test", images: dataset.test)
  }

  /// Features of the test images by another checkpoint, from the same cache.
  ///
  /// - Throws: `InputError` when that checkpoint does not have them.
  func testFeatures(_ request: FeatureRequest, of other: EvaluationSubject) throws -> FeatureSet {
    try store.replacing(other, planned: [request])
      .features(request, split: "test", images: dataset.test)
  }

  /// A split of the data.
  ///
  /// - Parameter name: `train`, `validation` or `test`.
  /// - Returns: its images.
  /// - Throws: `InputError` when the data set has no such split.
  package func images(of name: String) throws -> any ImageSplit {
    guard let found = dataset.splits.first(where: { $0.name == name }) else {
      let names = dataset.splits.map { $0.name }.joined(separator: ", ")
      throw InputError(dataset.id, "has no split '\(name)'", "choose one of \(names)")
    }
    return found.split
  }

  /// Features of the images of a split, with the transform of evaluation.
  package func features(_ request: FeatureRequest, split: String) throws -> FeatureSet {
    try store.features(request, split: split, images: images(of: split))
  }

  /// Which of the features that the run will read are not on disk yet.
  func missingFeatures(split: String, images: any ImageSplit) -> [ResolvedFeature] {
    store.missing(split: split, images: images)
  }

  /// Removes from the disk what this run read of the checkpoint's features.
  func removeFeatures() { store.removeFeatures() }

  /// The names of the test images.
  package var testIDs: [String] { (0..<dataset.test.count).map { dataset.test.exampleID(at: $0) } }

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

  /// The time since `start`, and how many of the images that the task reads that is a second.
  func timing(since start: Date) -> Timing {
    let seconds = max(1e-9, -start.timeIntervalSinceNow)
    let images = definition.task.splits.reduce(0) { $0 + (dataset.splitSizes[$1] ?? 0) }
    return Timing(seconds: seconds, imagesPerSecond: Double(images) / seconds)
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

/// The features of one checkpoint on one data set, each opened or computed once in a run.
package final class FeatureStore {
  package let subject: EvaluationSubject
  package let dataset: Dataset
  package let precision: Precision
  package let pool: WorkerPool
  private let cache: FeatureCache
  /// What all tasks of the run will read, so that one pass computes it.
  private let planned: [FeatureRequest]
  private var opened: [String: [ResolvedFeature: FeatureSet]] = [:]
  private var scopes: [String: FeatureCache.Scope] = [:]

  /// Features of `subject` on `dataset`, of which those of `planned` will be wanted.
  package init(
    subject: EvaluationSubject, dataset: Dataset, cache: FeatureCache,
    planned: [FeatureRequest], precision: Precision, pool: WorkerPool
  ) {
    self.subject = subject
    self.dataset = dataset
    self.cache = cache
    self.planned = planned
    self.precision = precision
    self.pool = pool
  }

  /// A store of another checkpoint's features on the same data.
  func replacing(_ other: EvaluationSubject, planned: [FeatureRequest]) -> FeatureStore {
    FeatureStore(
      subject: other, dataset: dataset, cache: cache, planned: planned, precision: precision,
      pool: pool)
  }

  /// Features of a split.
  ///
  /// - Parameters:
  ///   - request: which.
  ///   - split: the name of the split.
  ///   - images: its images.
  /// - Returns: the features, verified.
  /// - Throws: `InputError` when the subject does not have the features, or an image or the cache
  ///   is unusable.
  func features(_ request: FeatureRequest, split: String, images: any ImageSplit) throws
    -> FeatureSet
  {
    let wanted = try subject.resolve(request)
    if let set = opened[split]?[wanted] { return set }
    let others = planned.compactMap { try? subject.resolve($0) }
    var features = [wanted]
    for other in others where !features.contains(other) && opened[split]?[other] == nil {
      features.append(other)
    }
    let scope = scope(split: split, images: images)
    scopes[split] = scope
    let sets = try cache.features(features, of: scope, pool: pool)
    for (feature, set) in zip(features, sets) { opened[split, default: [:]][feature] = set }
    return sets[0]
  }

  /// Removes from the disk what was opened or computed.
  func removeFeatures() {
    for (split, sets) in opened {
      guard let scope = scopes[split] else { continue }
      for feature in sets.keys { cache.remove(feature, of: scope) }
    }
  }

  /// Which of the planned features are not on disk yet, each once.
  func missing(split: String, images: any ImageSplit) -> [ResolvedFeature] {
    let scope = scope(split: split, images: images)
    var missing: [ResolvedFeature] = []
    for feature in planned.compactMap({ try? subject.resolve($0) })
    where !missing.contains(feature) && !cache.hasEntry(feature, of: scope) {
      missing.append(feature)
    }
    return missing
  }

  private func scope(split: String, images: any ImageSplit) -> FeatureCache.Scope {
    FeatureCache.Scope(
      subject: subject, precision: precision, dataset: dataset.fingerprint, split: split,
      images: images)
  }
}
