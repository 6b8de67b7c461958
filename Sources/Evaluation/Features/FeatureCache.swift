import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Features on disk, computed once for a checkpoint and a split and shared by all tasks.
///
/// The key of an entry holds the hash of the weights and everything else that the features depend
/// on, and an entry is verified whenever it is opened, so one checkpoint never reads another's.
package struct FeatureCache: Sendable {
  /// Raised whenever the same inputs would give other features.
  package static let version = 2

  /// Where entries are kept.
  package let folder: String
  /// Whether entries that are there are ignored and written anew.
  package let isFresh: Bool

  /// A cache in a folder, which is made when something is written.
  package init(folder: String, isFresh: Bool = false) {
    self.folder = folder
    self.isFresh = isFresh
  }

  /// Where features are kept: `UNMASK_CACHE`; else `unmask` below `XDG_CACHE_HOME`, when that is
  /// set; else `.cache` in the folder of results.
  package static func defaultFolder(
    results: String, environment: [String: String] = Environment.variables
  ) -> String {
    if let own = environment["UNMASK_CACHE"], !own.isEmpty { return own }
    if let shared = environment["XDG_CACHE_HOME"], !shared.isEmpty { return shared + "/unmask" }
    return results + "/.cache"
  }

  /// What an entry is about.
  package struct Scope: Sendable {
    let subject: EvaluationSubject
    let precision: Precision
    let dataset: String
    let split: String
    let images: any ImageSplit

    /// Features of a split of a data set.
    ///
    /// - Parameters:
    ///   - subject: whose features.
    ///   - precision: what matrix products read.
    ///   - dataset: the fingerprint of the data set, limit included.
    ///   - split: the name of the split.
    ///   - images: its images.
    package init(
      subject: EvaluationSubject, precision: Precision, dataset: String, split: String,
      images: any ImageSplit
    ) {
      self.subject = subject
      self.precision = precision
      self.dataset = dataset
      self.split = split
      self.images = images
    }
  }

  /// Whether an entry is there, whole or not.
  package func hasEntry(_ feature: ResolvedFeature, of scope: Scope) -> Bool {
    !isFresh && FileSystem.exists(path(entry(feature, scope)))
  }

  /// Removes an entry, if it is there; whoever reads it already can go on.
  func remove(_ feature: ResolvedFeature, of scope: Scope) {
    AtomicFile.remove(path(entry(feature, scope)))
  }

  /// The features of a split, from the disk or computed in one pass of the encoder.
  ///
  /// - Parameters:
  ///   - features: which; those already on disk are not computed again.
  ///   - scope: of what.
  ///   - pool: shares out the work.
  /// - Returns: the features in the same order.
  /// - Throws: `InputError` when an image or the cache's folder is unusable.
  package func features(
    _ features: [ResolvedFeature], of scope: Scope, pool: WorkerPool
  ) throws -> [FeatureSet] {
    var found: [ResolvedFeature: FeatureSet] = [:]
    for feature in features where found[feature] == nil {
      found[feature] = isFresh ? nil : stored(entry(feature, scope))
    }
    var missing: [ResolvedFeature] = []
    for feature in features where found[feature] == nil && !missing.contains(feature) {
      missing.append(feature)
    }
    if !missing.isEmpty { try compute(missing, scope, pool) }
    for feature in missing {
      let entry = entry(feature, scope)
      found[feature] = entry.open(path(entry))
    }
    return try features.map { feature in
      guard let set = found[feature] else {
        throw InputError(
          path(entry(feature, scope)), "changed right after it was written",
          "check the disk, and that nothing else writes there")
      }
      return set
    }
  }

  /// Features of images that no other task reads, computed anew and kept in memory only.
  ///
  /// - Parameters:
  ///   - feature: which.
  ///   - scope: of what.
  ///   - pool: shares out the work.
  /// - Returns: the features.
  /// - Throws: `InputError` when an image is unusable.
  func transientFeatures(
    _ feature: ResolvedFeature, of scope: Scope, pool: WorkerPool
  ) throws -> FeatureSet {
    let extractor = FeatureExtractor(scope.subject, pool: pool, precision: scope.precision)
    let count = scope.images.count
    let meter = ProgressMeter(
      "features of \(scope.subject.name), \(scope.split)", total: count, unit: "images")
    defer { meter.finish() }
    let buffers = FeatureBuffers([feature], capacity: count)
    try unsafe extractor.encode(
      count, into: buffers, advance: { meter.advance(by: $0) },
      render: unsafe extractor.rendering(scope.images))
    try MappedFile.checkAllUnchanged()
    return FeatureSet(buffers)
  }

  private func path(_ entry: FeatureEntry) -> String { folder + "/features/" + entry.fileName }

  /// The entry on disk; nil when it is absent, or, with a note, when it is corrupt.
  private func stored(_ entry: FeatureEntry) -> FeatureSet? {
    let path = path(entry)
    guard FileSystem.exists(path) else { return nil }
    if let set = entry.open(path) { return set }
    Log.note("\(path): is damaged; its features are computed again")
    return nil
  }

  private func entry(_ feature: ResolvedFeature, _ scope: Scope) -> FeatureEntry {
    let key: JSON = [
      "version": .integer(Self.version), "products": .string(Product.backend),
      "subject": scope.subject.identity,
      "dataset": .string(scope.dataset),
      "split": .string(scope.split),
      "feature": .string(feature.request.kind.rawValue),
      "layer": feature.request.layer.map { .integer($0) } ?? .null,
      "precision": .string(scope.precision.rawValue),
    ]
    return FeatureEntry(key: key, feature: feature, count: scope.images.count)
  }

  /// Computes features and writes their entries.
  private func compute(_ features: [ResolvedFeature], _ scope: Scope, _ pool: WorkerPool) throws {
    let extractor = FeatureExtractor(scope.subject, pool: pool, precision: scope.precision)
    let meter = ProgressMeter(
      "features of \(scope.subject.name), \(scope.split)", total: scope.images.count,
      unit: "images")
    defer { meter.finish() }
    try withWriters(features.map { entry($0, scope) }[...]) { writers in
      let chunk = min(extractor.chunkSize(features), max(scope.images.count, 1))
      let buffers = FeatureBuffers(features, capacity: chunk)
      for start in stride(from: 0, to: scope.images.count, by: chunk) {
        let count = min(chunk, scope.images.count - start)
        try unsafe extractor.encode(
          count, into: buffers, advance: { meter.advance(by: $0) },
          render: unsafe extractor.rendering(scope.images, from: start))
        for (index, writer) in writers.enumerated() {
          try unsafe writer.write(buffers.bytes(index, count: count))
        }
      }
      // Before the entry is filed under what images and weights were at the beginning.
      try MappedFile.checkAllUnchanged()
    }
  }

  /// Opens a file for each entry; they appear together when `body` has returned.
  private func withWriters(
    _ entries: ArraySlice<FeatureEntry>, opened: [FeatureEntry.Writer] = [],
    _ body: ([FeatureEntry.Writer]) throws -> Void
  ) throws {
    guard let first = entries.first else { return try body(opened) }
    try AtomicFile.write(to: path(first)) { file in
      try unsafe withUnsafeMutablePointer(to: &file) { file in
        let writer = try unsafe FeatureEntry.Writer(first, to: file)
        try withWriters(entries.dropFirst(), opened: opened + [writer], body)
        try writer.finish()
      }
    }
  }
}
