import Foundation
import Results
import Support
import Tensors
import Vision

/// What frozen features look like, without any label.
///
/// How many directions they use, how they spread, how little they change between views of an image,
/// and how much they resemble those of another checkpoint. Ranks count directions in use and fall when an encoder collapses; none of these numbers
/// replaces a probe. Standard errors leave out one of ten groups of images in turn.
package struct Representation: Task {
  package static let kind = "representation"
  package static let summary = "RankMe, effective rank, LiDAR, alignment, uniformity, CKA"

  /// Groups of images for standard errors.
  private static let groups = 10

  private let request: FeatureRequest
  private let imageCount: Int
  private let views: Int
  private let viewedImages: Int
  private let augmentation: ProbeAugmentation
  private let other: String?

  package init(fields: Fields) throws {
    request = try FeatureRequest(fields: fields)
    imageCount = try fields.take(
      "images", default: 10_000, in: 20...10_000_000, "the most test images for ranks and CKA")
    views = try fields.take("views", default: 4, in: 2...100, "random views of an image")
    viewedImages = try fields.take(
      "viewed_images", default: 500, in: 20...1_000_000, "images of which views are taken")
    let crop = try fields.takeFields("augmentation", "how a view is made")
    augmentation = ProbeAugmentation(
      minimumScale: try crop.take(
        "minimum_scale", default: 0.2, in: 0.01...1, "least share of the area that is kept"),
      flip: try crop.take("flip", default: true, "whether half of the views are mirrored"))
    try crop.finish()
    other = try fields.takeOptional(
      "cka_with", as: String.self, "checkpoint whose features are compared; none when absent")
  }

  package var features: [FeatureRequest] { [request] }

  package var splits: [String] { ["test"] }
  package var annotations: Set<Annotation.Kind> { [] }

  package func checkApplies(_ context: TaskContext) throws {
    guard context.subject.encoder != nil else {
      throw InputError(
        context.subject.source, "raw pixels have no encoder whose features could be described",
        "name a checkpoint, or leave the task out")
    }
  }

  /// Learns nothing: there is no head.
  package func fit(_ context: TaskContext) throws -> any FittedHead {
    var result = try context.blankResult(
      reading: request, splits: ["test": context.dataset.test.count])
    result.headParameters = 0
    let other = try other.map { try EvaluationSubject.load($0, seed: context.seed) }
    if let other {
      // A path may hold other weights tomorrow.
      var config = result.config.object ?? [:]
      config["cka_with_weights"] = other.weightsHash.map { .string($0) } ?? .null
      result.config = .object(config)
    }
    return Described(result: result, task: self, other: other)
  }

  /// A checkpoint whose features are described.
  private struct Described: FittedHead {
    let result: TaskResult
    let task: Representation
    let other: EvaluationSubject?

    func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
      try task.describe(set, beside: other, context)
    }
  }

  private func describe(
    _ images: SplitReference, beside other: EvaluationSubject?, _ context: TaskContext
  ) throws -> SetScore {
    var score = SetScore(set: images, headline: "rankme")
    let chosen = try choose(imageCount, of: images, context)
    let set = try context.features(request, of: images)
    try withExtendedLifetime(set) {
      let moments = unsafe FeatureMoments(
        set.floats, rows: chosen, xWidth: set.width, groups: Self.groups, pool: context.pool)
      try addRanks(moments, to: &score)
      try addViews(images, context, to: &score)
      let unit = unsafe unitRows(set.floats, Array(chosen.prefix(2_000)), width: set.width)
      addUniformity(unit, set.width, context, to: &score)
      if let other { try addCKA(other, set, moments, chosen, context, to: &score) }
      var health =
        unsafe featureHealth(set.floats, count: set.count, width: set.width).object ?? [:]
      health["effective_rank"] = score.metrics["effective_rank"].map { .number($0.value) }
      score.details["feature_health"] = .object(health)
    }
    return score
  }

  /// Some images of a set, drawn with the run's seed, since files are often in the order of classes.
  private func choose(_ most: Int, of set: SplitReference, _ context: TaskContext) throws -> [Int] {
    let count = try context.images(of: set).count
    guard count >= 2 * Self.groups else {
      throw InputError(
        context.dataset.id, "has \(count) test images; ranks need at least \(2 * Self.groups)",
        "use more images")
    }
    var random = RandomStream(seed: context.seed, purpose: "representation images")
    return Array(random.permutation(count).prefix(most))
  }

  private func addRanks(_ moments: FeatureMoments, to result: inout SetScore) throws {
    let ranks = [
      "rankme": try jackknife { RepresentationSpectrum.rankMe(moments, without: $0) },
      "effective_rank": try jackknife {
        RepresentationSpectrum.effectiveRank(moments, without: $0)
      },
    ]
    for (name, rank) in ranks {
      result.metrics[name] = rank.metric(
        count: moments.count, higherIsBetter: true, unit: "directions")
    }
  }

  private func addUniformity(
    _ unit: [Float], _ width: Int, _ context: TaskContext, to result: inout SetScore
  ) {
    let sums = UniformitySums(unit, width: width, groups: Self.groups, pool: context.pool)
    let jackknife = GroupJackknife(
      value: sums.uniformity(), replicates: (0..<Self.groups).map { sums.uniformity(without: $0) })
    result.metrics["uniformity"] = jackknife.metric(
      count: unit.count / width, higherIsBetter: false, unit: "")
  }

  /// Alignment and LiDAR, which look at several views of each image.
  private func addViews(
    _ set: SplitReference, _ context: TaskContext, to result: inout SetScore
  ) throws {
    let images = try choose(viewedImages, of: set, context)
    let (features, width) = try encodeViews(of: images, of: context.images(of: set), context)
    let rows = Array(0..<views * images.count)
    let unit = unsafe features.withUnsafeBufferPointer { features in
      unsafe features.baseAddress.map { unsafe unitRows($0, rows, width: width) } ?? []
    }
    let distances = alignmentDistances(unit, views: views, images: images.count, width: width)
    let groups = (0..<Self.groups).map { group in
      mean(distances.indices.filter { $0 % Self.groups != group }.map { distances[$0] })
    }
    result.metrics["alignment"] = GroupJackknife(value: mean(distances), replicates: groups)
      .metric(count: images.count, higherIsBetter: false, unit: "")
    let (means, deviations) = split(features, images: images.count, width, context.pool)
    let lidar = try jackknife {
      RepresentationSpectrum.lidar(means: means, deviations: deviations, without: $0)
    }
    result.metrics["lidar"] = lidar.metric(
      count: images.count, higherIsBetter: true, unit: "directions")
  }

  /// Features `[views, images, width]`.
  private func encodeViews(of images: [Int], of split: any ImageSplit, _ context: TaskContext)
    throws -> ([Float], Int)
  {
    let input = try AugmentedFeatures(
      context, request, augmentation, split: split, purpose: "representation view")
    let meter = ProgressMeter(
      "views for \(context.subject.name)", total: views * images.count, unit: "images")
    defer { meter.finish() }
    var features: [Float] = []
    features.reserveCapacity(views * images.count * input.width)
    for view in 0..<views {
      let buffers = try input.compute(images.map(Int32.init), epoch: view) { meter.advance(by: $0) }
      unsafe features += UnsafeBufferPointer(
        start: buffers.floats(0), count: images.count * input.width)
    }
    return (features, input.width)
  }

  /// Moments of each image's mean over its views, and of the views less that mean.
  private func split(_ features: [Float], images: Int, _ width: Int, _ pool: WorkerPool)
    -> (means: FeatureMoments, deviations: FeatureMoments)
  {
    var means = [Float](repeating: 0, count: images * width)
    for view in 0..<views {
      for i in means.indices { means[i] += features[view * means.count + i] / Float(views) }
    }
    var deviations = features
    for i in deviations.indices { deviations[i] -= means[i % means.count] }
    // The views of an image follow each other, so that they fall into its group.
    let order = (0..<images).flatMap { image in (0..<views).map { $0 * images + image } }
    func moments(_ values: [Float], _ rows: [Int], perExample: Int) -> FeatureMoments {
      unsafe values.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress else { preconditionFailure("there are images") }
        return unsafe FeatureMoments(
          base, rows: rows, perExample: perExample, xWidth: width, groups: Self.groups, pool: pool)
      }
    }
    let first = moments(means, Array(0..<images), perExample: 1)
    return (first, moments(deviations, order, perExample: views))
  }

  private func addCKA(
    _ other: EvaluationSubject, _ set: FeatureSet, _ moments: FeatureMoments, _ rows: [Int],
    _ context: TaskContext, to result: inout SetScore
  ) throws {
    let second = try context.features(request, of: result.set, by: other)
    let (own, cross) = withExtendedLifetime(second) {
      unsafe (
        FeatureMoments(
          second.floats, rows: rows, xWidth: second.width, groups: Self.groups, pool: context.pool),
        FeatureMoments(
          set.floats, second.floats, rows: rows, xWidth: set.width, yWidth: second.width,
          groups: Self.groups, pool: context.pool)
      )
    }
    result.metrics["cka"] = try jackknife {
      RepresentationSpectrum.linearCKA(moments, own, cross: cross, without: $0)
    }.metric(count: rows.count, higherIsBetter: true, unit: "")
  }

  private func jackknife(_ statistic: (Int?) -> Double?) throws -> GroupJackknife {
    let values = ([nil] + (0..<Self.groups).map { $0 }).compactMap(statistic)
    guard values.count == Self.groups + 1 else {
      throw InputError(
        "the features", "do not vary, so that their ranks are not defined",
        "look at the checkpoint with unmask inspect")
    }
    return GroupJackknife(value: values[0], replicates: Array(values.dropFirst()))
  }

  private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(1, values.count))
  }
}
