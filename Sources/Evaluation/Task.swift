import Foundation
import Results
import Support
import Vision

/// A kind of measurement, configured: a head is fitted once, and scored on any number of sets.
///
/// To add one, put a file with a conforming type of the file's name into `Tasks/`, and a YAML file
/// that names its kind into the folder `tasks`.
package protocol Task: Sendable {
  /// The name that a task file gives as `task`.
  static var kind: String { get }
  /// What it measures, in a few words.
  static var summary: String { get }

  /// Reads the head and its hyper-parameters; the caller refuses what is left over.
  ///
  /// - Parameter fields: the task file's fields, overridden from the command line.
  /// - Throws: `InputError` with file and line when a value is out of bounds.
  init(fields: Fields) throws

  /// The features that it reads from the cache, so that one pass of the encoder serves all tasks.
  var features: [FeatureRequest] { get }

  /// The splits whose images it reads.
  var splits: [String] { get }

  /// What it has to know about the images.
  var annotations: Set<Annotation.Kind> { get }

  /// The sets that the head is scored on, in this order; each once.
  var sets: [SplitReference] { get }

  /// Refuses a checkpoint or data to which the measurement does not apply.
  ///
  /// - Parameter context: the checkpoint and the data, which have the annotations.
  /// - Throws: `InputError` saying why.
  func checkApplies(_ context: TaskContext) throws

  /// Learns a head, with all choices, from training and validation images.
  ///
  /// - Parameter context: the checkpoint and the data.
  /// - Returns: what can be scored.
  /// - Throws: `InputError` when the checkpoint or the data cannot be measured.
  func fit(_ context: TaskContext) throws -> any FittedHead

  /// Makes a result of the scores of all sets.
  ///
  /// - Parameters:
  ///   - scores: one a set, in the order of `sets`.
  ///   - result: what the head knew before it was scored; receives metrics and outcomes.
  ///   - context: the checkpoint and the data.
  /// - Throws: `InputError` when the scores make no result.
  func summarize(_ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext) throws
}

/// A head that was fitted on one checkpoint's features, ready to be scored.
package protocol FittedHead {
  /// A result with everything but the scores: features, splits, what was searched and chosen.
  var result: TaskResult { get }

  /// Scores the images of a set; learns nothing from them.
  ///
  /// - Parameters:
  ///   - set: which images.
  ///   - context: the checkpoint and the data that the head was fitted on.
  /// - Returns: the metrics, and the outcome of each image.
  /// - Throws: `InputError` when an image is unusable.
  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore
}

/// What a head scored on one set.
package struct SetScore {
  /// The set.
  package var set: SplitReference
  /// The metrics by name.
  package var metrics: [String: Metric] = [:]
  /// The metric that stands for them.
  package var headline: String?
  /// The headline metric of each class.
  package var perClass: [ClassResult] = []
  /// The outcome of each image; nil where there is none.
  package var predictions: Predictions?
  /// More numbers for people.
  package var details: [String: JSON] = [:]
}

extension Task {
  package var splits: [String] { ["train", "test"] }
  package var annotations: Set<Annotation.Kind> { [.label] }
  package var sets: [SplitReference] { [.test] }
  package func checkApplies(_ context: TaskContext) throws {}

  /// Takes over the scores of the only set.
  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    precondition(scores.count == 1, "\(Self.kind) has to say what \(scores.count) sets amount to")
    let score = scores[0]
    result.metrics = score.metrics
    result.headline = score.headline
    result.perClass = score.perClass
    result.predictions = score.predictions
    result.details = .object(
      (result.details.object ?? [:]).merging(score.details) { _, scored in scored })
  }

  /// Measures one checkpoint: fits the head, and scores it on each set once.
  ///
  /// - Parameter context: the checkpoint and the data.
  /// - Returns: the result.
  /// - Throws: `InputError` when the checkpoint or the data cannot be measured.
  package func run(_ context: TaskContext) throws -> TaskResult {
    let start = Date()
    let head = try fit(context)
    let scores = try sets.map { try head.score($0, in: context) }
    var result = head.result
    if scores.count > 1 { result.sets = try scores.map { try context.scoredSet($0) } }
    try summarize(scores, in: &result, context)
    result.timing = try context.timing(since: start)
    return result
  }
}

extension SetScore {
  /// A classifier's score.
  init(_ set: SplitReference, _ accuracy: ClassificationAccuracy) {
    self.init(set: set)
    metrics = accuracy.metrics
    headline = "top1"
    perClass = accuracy.perClass
    predictions = accuracy.predictions
  }
}
