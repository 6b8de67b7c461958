import Support
import Tensors
import Vision

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
  /// Opens the data of a specification.
  private let open: @Sendable (String) throws -> Dataset
  /// Stores on other data, by its specification.
  private var others: [String: FeatureStore] = [:]
  /// Stores of other checkpoints, by their identity.
  private var replaced: [String: FeatureStore] = [:]

  /// Features of `subject` on `dataset`, of which those of `planned` will be wanted.
  package init(
    subject: EvaluationSubject, dataset: Dataset, cache: FeatureCache,
    planned: [FeatureRequest], precision: Precision, pool: WorkerPool,
    open: @escaping @Sendable (String) throws -> Dataset = openDataset
  ) {
    self.subject = subject
    self.dataset = dataset
    self.cache = cache
    self.planned = planned
    self.precision = precision
    self.pool = pool
    self.open = open
  }

  /// A store of another checkpoint's features on the same data.
  func replacing(_ other: EvaluationSubject, planned: [FeatureRequest]) -> FeatureStore {
    let identity = other.identityHash
    if identity == subject.identityHash { return self }
    if let known = replaced[identity] { return known }
    let store = FeatureStore(
      subject: other, dataset: dataset, cache: cache, planned: planned, precision: precision,
      pool: pool, open: open)
    replaced[identity] = store
    return store
  }

  /// A store of the same checkpoint's features on pictures of the same data that are divided in another way.
  func replacing(_ divided: Dataset) -> FeatureStore {
    if let known = others[divided.fingerprint] { return known }
    let store = FeatureStore(
      subject: subject, dataset: divided, cache: cache, planned: planned, precision: precision,
      pool: pool, open: open)
    others[divided.fingerprint] = store
    return store
  }

  /// The data that a set belongs to.
  ///
  /// - Throws: `InputError` when other data is unusable or has other classes.
  func dataset(of set: SplitReference) throws -> Dataset { try store(of: set).dataset }

  /// The images of a set, as they are.
  ///
  /// - Throws: `InputError` when the data has no such split.
  func images(of set: SplitReference) throws -> any ImageSplit {
    let dataset = try dataset(of: set)
    guard let found = dataset.splits.first(where: { $0.name == set.split }) else {
      let names = dataset.splits.map { $0.name }.joined(separator: ", ")
      throw InputError(dataset.id, "has no split '\(set.split)'", "choose one of \(names)")
    }
    return found.split
  }

  /// Features of a set.
  ///
  /// - Parameters:
  ///   - request: which.
  ///   - set: the set.
  ///   - images: its images.
  /// - Returns: the features, verified; those of a transient set are in memory and kept by nobody else.
  /// - Throws: `InputError` when the subject does not have the features, or an image or the cache
  ///   is unusable.
  func features(_ request: FeatureRequest, of set: SplitReference, images: any ImageSplit) throws
    -> FeatureSet
  {
    guard set.isTransient else {
      return try store(of: set).features(request, split: set.split, images: images)
    }
    let scope = FeatureCache.Scope(
      subject: subject, precision: precision, dataset: "", split: set.name, images: images)
    return try cache.transientFeatures(subject.resolve(request), of: scope, pool: pool)
  }

  /// The store on the data of a set, limited as this one's is; this one when it is the task's own.
  private func store(of set: SplitReference) throws -> FeatureStore {
    guard let data = set.data else { return self }
    let store = try store(on: data)
    let other = store.dataset
    let hasSameClasses =
      other.classes == dataset.classes && other.mapClasses == dataset.mapClasses
    guard set.hasOtherClasses || hasSameClasses else {
      throw InputError(
        other.id, "does not have the classes of \(dataset.id), in their order",
        "a head can be scored on the classes that it was fitted on only")
    }
    return store
  }

  private func store(on data: String) throws -> FeatureStore {
    if let known = others[data] { return known }
    let whole = try open(data)
    let other = dataset.limit.map { whole.limited(to: $0) } ?? whole
    let store = FeatureStore(
      subject: subject, dataset: other, cache: cache, planned: [], precision: precision,
      pool: pool, open: open)
    others[data] = store
    return store
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
  private func features(_ request: FeatureRequest, split: String, images: any ImageSplit) throws
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
    for other in Array(others.values) + Array(replaced.values) { other.removeFeatures() }
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
