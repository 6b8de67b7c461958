import Foundation
import Support
import Vision

/// What all trained probes do alike: cut a validation split, search, refit, score, report.
struct ProbeRun {
  let trainLabels: [Int32]
  private let context: TaskContext
  private let training: ProbeTraining
  private let request: FeatureRequest
  private let candidates: [[String: Double]]
  /// Nil when there is nothing to choose.
  private let cut: ValidationCut?

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
    cut =
      candidates.count > 1
      ? try ValidationCut(context.dataset, fraction: training.validationFraction) : nil
  }

  /// A result that names the splits.
  func blankResult() throws -> TaskResult {
    var splits = ["train": context.dataset.train.count, "test": context.dataset.test.count]
    if let cut { splits["validation_of_train"] = cut.validation.count }
    return try context.blankResult(reading: request, splits: splits, splitHash: cut?.hash)
  }

  /// Trains and scores heads, one for each setting.
  typealias Fit = (
    _ settings: [LinearHeads.Setting], _ examples: [Int32], _ validation: [Int32],
    _ advance: @escaping (Int) -> Void
  ) throws -> [Float]

  /// Tries all candidates.
  ///
  /// - Parameter fit: trains on some examples and returns the scores of others,
  ///   `[validation, settings, classes]`.
  /// - Returns: the accuracies; a single candidate is not tried.
  /// - Throws: what `fit` throws.
  func search(_ fit: Fit) throws -> SearchOutcome {
    guard let cut else { return SearchOutcome(candidates: candidates, accuracies: [0]) }
    let settings = candidates.map(setting)
    let scores = try metered("search", images: cut.fit.count) { advance in
      try fit(settings, cut.fit, cut.validation, advance)
    }
    let labels = cut.validation.map { Int(trainLabels[Int($0)]) }
    return SearchOutcome(
      candidates: candidates,
      accuracies: accuracies(scores, labels: labels, heads: settings.count))
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

  /// Scores the test images and records what was searched and chosen.
  ///
  /// - Parameters:
  ///   - result: receives metrics, predictions and hyper-parameters.
  ///   - scores: `[test images, classes]`.
  ///   - search: what was tried.
  ///   - headParameters: learned scalars of the head.
  func finish(
    _ result: inout TaskResult, scores: [Float], search: SearchOutcome, headParameters: Int
  ) {
    let accuracy = scores.withUnsafeBufferPointer {
      ClassificationAccuracy(
        ids: context.testIDs, labels: context.dataset.test.labels, scores: $0,
        classes: context.dataset.classes)
    }
    result.metrics = accuracy.metrics
    result.perClass = accuracy.perClass
    result.predictions = accuracy.predictions
    result.headline = "top1"
    result.headParameters = headParameters
    let batch = training.schedule.effectiveBatch(trainLabels.count)
    var chosen = search.candidates[search.best].mapValues { JSON.number($0) }
    chosen["effective_batch_size"] = .integer(batch)
    chosen["effective_learning_rate"] = .number(
      setting(of: search).baseRate * Double(batch) / 256)
    result.hyperparameters = Hyperparameters(
      searched: cut == nil
        ? [:] : .object(search.grid.mapValues { .array($0.map { .number($0) }) }),
      chosen: .object(chosen), chosenOn: cut?.summary ?? "fixed",
      isOnGridEdge: cut != nil && search.isOnEdge)
    if cut != nil { result.details = ["search": search.details] }
  }
}
