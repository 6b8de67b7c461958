import Foundation
import Results
import Support
import Vision

/// Images to score: a split of the task's data, a spoilt copy of one, or a split of other data.
package struct SplitReference: Hashable, Sendable {
  /// The specification of other data with the same classes; nil for the task's own.
  package var data: String?
  /// The name of the split.
  package var split: String
  /// How the images are spoilt; nil when they are not.
  package var corruption: CorruptionSetting?
  /// How cells of the images are hidden or shuffled; nil when they are not.
  package var occlusion: Occlusion?
  /// The name of images with an occlusion.
  private var occludedName = ""
  /// Whether the other data may have other classes than the task's own; labels are then in its own numbering.
  package var hasOtherClasses = false

  /// A split, perhaps of other data, perhaps spoilt.
  package init(
    _ split: String = "test", of data: String? = nil, corruption: CorruptionSetting? = nil
  ) {
    self.data = data
    self.split = split
    self.corruption = corruption
  }

  /// The test images with hidden or shuffled cells, by a name that no other set of the task has.
  init(named name: String, _ occlusion: Occlusion) {
    self.init()
    self.occlusion = occlusion
    occludedName = name
  }

  /// The test images of the task's data.
  package static let test = SplitReference()

  /// The name in a report: `test`, `gaussian_noise-3`; other data by their specification.
  package var name: String {
    guard occlusion == nil else { return occludedName }
    let images =
      data.map { "\($0) \(split)" } ?? (corruption == nil || split != "test" ? split : "")
    let spoilt = corruption.map { "\($0.kind)-\($0.severity)" } ?? ""
    return [images, spoilt].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// Whether its features are computed for one task and not kept: there may be a hundred such sets.
  package var isTransient: Bool { corruption != nil || occlusion != nil }
}

extension TaskContext {
  /// The images of a set.
  ///
  /// - Parameter set: which.
  /// - Returns: its images.
  /// - Throws: `InputError` when the data has no such split, or other classes.
  package func images(of set: SplitReference) throws -> any ImageSplit {
    let images = try store.images(of: set)
    if let occlusion = set.occlusion { return OccludedSplit(images, occlusion) }
    return set.corruption.map { CorruptedSplit(images, $0) } ?? images
  }

  /// Features of the images of a set, with the transform of evaluation.
  ///
  /// - Parameters:
  ///   - request: which features.
  ///   - set: of which images.
  ///   - other: of which checkpoint; the context's own when nil.
  /// - Returns: the features; those of spoilt images are in memory only.
  /// - Throws: `InputError` when the checkpoint does not have them, or an image is unusable.
  package func features(
    _ request: FeatureRequest, of set: SplitReference, by other: EvaluationSubject? = nil
  ) throws -> FeatureSet {
    let images = try images(of: set)
    guard let other else { return try store.features(request, of: set, images: images) }
    return try store.replacing(other, planned: [request])
      .features(request, of: set, images: images)
  }

  /// An entry of a report for a set, with the outcomes.
  func scoredSet(_ score: SetScore) throws -> ScoredSet {
    let set = score.set
    let data = try store.dataset(of: set)
    var entry = ScoredSet(
      name: set.name, split: set.split,
      dataset: set.data.map { _ in .init(id: data.id, fingerprint: data.fingerprint) },
      corruption: set.corruption.map {
        CorruptionUse(
          kind: $0.kind, severity: $0.severity, generator: $0.generatorID,
          seed: Int(clamping: $0.seed))
      })
    entry.predictions = score.predictions
    return entry
  }

  /// The time since `start`, and how many of the images that the task reads that is a second.
  func timing(since start: Date) throws -> Timing {
    let seconds = max(1e-9, -start.timeIntervalSinceNow)
    let task = definition.task
    var images = task.splits.reduce(0) { $0 + (dataset.splitSizes[$1] ?? 0) }
    for set in task.sets where set.isTransient || set.data != nil {
      images += try self.images(of: set).count
    }
    return Timing(seconds: seconds, imagesPerSecond: Double(images) / seconds)
  }
}
