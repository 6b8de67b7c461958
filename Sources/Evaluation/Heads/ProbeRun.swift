import Foundation
import Results
import Support
import Vision

/// What all trained probes do alike: choose on validation images, refit, be scored.
struct ProbeRun {
  let trainLabels: [Int32]
  private let context: TaskContext
  private let training: ProbeTraining
  private let request: FeatureRequest
  private let candidates: [[String: Double]]
  /// Nil when there is nothing to choose.
  private let validation: ValidationImages?

  private static let rate = "base_learning_rate"
  private static let decay = "weight_decay"

  init(_ context: TaskContext, _ training: ProbeTraining, reading request: FeatureRequest) throws {
    self.context = context
    self.training = training
    self.request = request
    candidates = .combinations((Self.rate, training.baseRates), (Self.decay, training.decays))
    trainLabels = context.dataset.train.labels.map { Int32($0) }
    guard context.dataset.train.count >= 2 else {
      throw InputError(
        context.dataset.id, "a probe cannot be trained on \(context.dataset.train.count) images")
    }
    validation =
      training.isSearch
      ? try ValidationImages(context.dataset, fraction: training.validationFraction) : nil
  }

  /// A result that names the splits, and where hyper-parameters are chosen.
  private func blankResult() throws -> TaskResult {
    var splits = ["train": context.dataset.train.count, "test": context.dataset.test.count]
    guard let validation else { return try context.blankResult(reading: request, splits: splits) }
    splits[validation.isOwn ? "validation" : "validation_of_train"] = validation.examples.count
    var result = try context.blankResult(
      reading: request, splits: splits, splitHash: validation.hash)
    var config = result.config.object ?? [:]
    config["validation"] = .string(validation.isOwn ? "own split" : "cut from train")
    result.config = .object(config)
    return result
  }

  /// The scores of some images of a set, from its features: `[images, heads, classes]`.
  typealias Score = (_ features: FeatureSet, _ images: [Int32]) throws -> [Float]

  /// Trains heads, one for each setting.
  typealias Fit = (
    _ settings: [LinearHeads.Setting], _ examples: [Int32], _ advance: @escaping (Int) -> Void
  ) throws -> Score

  /// Tries all candidates.
  ///
  /// - Parameters:
  ///   - bytesPerHead: what training a head takes; heads are trained side by side while there is room.
  ///   - fit: trains on some examples.
  /// - Returns: the accuracies; a single candidate is not tried.
  /// - Throws: what `fit` throws.
  func search(bytesPerHead: Int, _ fit: Fit) throws -> SearchOutcome {
    guard let validation else { return SearchOutcome(candidates: candidates, accuracies: [0]) }
    let settings = candidates.map(setting)
    let together = max(1, Self.mostBytes / max(1, bytesPerHead))
    var accuracies: [Double] = []
    for start in stride(from: 0, to: settings.count, by: together) {
      let group = Array(settings[start..<min(start + together, settings.count)])
      let score = try metered("search", images: validation.fit.count) { advance in
        try fit(group, validation.fit, advance)
      }
      accuracies += try self.accuracies(score, validation, heads: group.count)
    }
    return SearchOutcome(candidates: candidates, accuracies: accuracies)
  }

  /// The most memory that heads side by side may take: far above what ten or a thousand classes need.
  private static let mostBytes = 1 << 28

  /// The share of validation images that each head gets right.
  private func accuracies(_ score: Score, _ validation: ValidationImages, heads: Int) throws
    -> [Double]
  {
    var right = [Int](repeating: 0, count: heads)
    let features = try context.features(request, of: SplitReference(validation.split))
    try eachPortion(of: validation.examples, scores: heads * context.dataset.classes.count) {
      portion in
      let scores = try score(features, portion.images)
      let labels = validation.labels[portion.range].map { Int($0) }
      for (head, count) in correct(scores, labels: labels, heads: heads).enumerated() {
        right[head] += count
      }
    }
    return right.map { Double($0) / Double(max(1, validation.examples.count)) }
  }

  /// Trains on all training images, with progress.
  func refit(_ body: (_ advance: @escaping (Int) -> Void) throws -> Void) throws {
    try metered("training", images: trainLabels.count, body)
  }

  private func metered<Result>(
    _ what: String, images: Int, _ body: (_ advance: @escaping (Int) -> Void) throws -> Result
  ) throws -> Result {
    let meter = ProgressMeter(
      "\(context.definition.name) of \(context.subject.name), \(what)",
      total: images * training.schedule.epochs, unit: "images")
    defer { meter.finish() }
    return try body { meter.advance(by: $0) }
  }

  /// The setting of the best candidate.
  func setting(of search: SearchOutcome) -> LinearHeads.Setting {
    setting(search.candidates[search.best])
  }

  private func setting(_ values: [String: Double]) -> LinearHeads.Setting {
    LinearHeads.Setting(baseRate: values[Self.rate] ?? 0, decay: values[Self.decay] ?? 0)
  }

  /// The trained head, with what was searched and chosen.
  ///
  /// - Parameters:
  ///   - score: the trained head.
  ///   - search: what was tried.
  ///   - headParameters: learned scalars of the head.
  /// - Returns: what can be scored.
  /// - Throws: `InputError` when the subject does not have the features.
  func fitted(_ score: @escaping Score, search: SearchOutcome, headParameters: Int) throws
    -> FittedProbe
  {
    var result = try blankResult()
    result.headParameters = headParameters
    let batch = training.schedule.effectiveBatch(trainLabels.count)
    var chosen = search.candidates[search.best].mapValues { JSON.number($0) }
    chosen["effective_batch_size"] = .integer(batch)
    chosen["effective_learning_rate"] = .number(
      setting(of: search).baseRate * Double(batch) / 256)
    result.hyperparameters = Hyperparameters(
      searched: validation == nil
        ? [:] : .object(search.grid.mapValues { .array($0.map { .number($0) }) }),
      chosen: .object(chosen), chosenOn: validation?.summary ?? "fixed",
      isOnGridEdge: validation != nil && search.isOnEdge)
    if validation != nil { result.details = ["search": search.details] }
    return FittedProbe(result: result, request: request, score: score)
  }
}

/// A trained probe.
struct FittedProbe: ScoringHead {
  let result: TaskResult
  fileprivate let request: FeatureRequest
  fileprivate let score: ProbeRun.Score

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let (images, classes) = (try context.images(of: set), context.dataset.classes)
    let labels = images.labels
    let features = try context.features(request, of: set)
    var answers = ClassAnswers(classes: classes.count)
    try eachPortion(of: labels.indices.map { Int32($0) }, scores: classes.count) { portion in
      try unsafe score(features, portion.images).withUnsafeBufferPointer {
        unsafe answers.add(scores: $0, labels: Array(labels[portion.range]))
      }
    }
    return SetScore(
      set,
      ClassificationAccuracy(ids: images.ids, labels: labels, answers: answers, classes: classes))
  }
}

extension FittedProbe {
  func logits(_ set: SplitReference, in context: TaskContext) throws -> ClassLogits {
    let classes = context.dataset.classes.count
    let features = try context.features(request, of: set)
    var values: [Float] = []
    values.reserveCapacity(features.count * classes)
    try eachPortion(of: (0..<features.count).map { Int32($0) }, scores: classes) { portion in
      values += try score(features, portion.images)
    }
    return ClassLogits(classes: classes, values: values)
  }
}

/// Runs over images in portions whose scores fit into memory.
///
/// Portions are multiples of what heads score at a time, so that they do not change a bit.
private func eachPortion(
  of images: [Int32], scores: Int, _ body: ((images: [Int32], range: Range<Int>)) throws -> Void
) rethrows {
  let size = max(512, (1 << 23) / max(1, scores) / 512 * 512)
  for start in stride(from: 0, to: images.count, by: size) {
    let range = start..<min(start + size, images.count)
    try body((Array(images[range]), range))
  }
}
