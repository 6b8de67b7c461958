import Results
import Support
import Tensors
import Vision

@testable import Evaluation

/// … (say what is measured, and where it was published: paper, section).
package struct Template: Task {
  package static let kind = "template"
  package static let summary = "nearest training image, as a start"

  private let request: FeatureRequest

  package init(fields: Fields) throws {
    request = try FeatureRequest(fields: fields)
  }

  package var features: [FeatureRequest] { [request] }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    var result = try context.blankResult(reading: request)
    result.headParameters = 0
    result.hyperparameters = Hyperparameters(searched: [:], chosen: [:], chosenOn: "fixed")
    return FittedTemplate(
      result: result, request: request, train: try context.trainFeatures(request),
      labels: context.dataset.train.labels)
  }
}

/// What was learned from the training images; scoring learns nothing.
private struct FittedTemplate: FittedHead {
  let result: TaskResult
  let request: FeatureRequest
  let train: FeatureSet
  /// The classes of the training images.
  let labels: [Int]

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    let features = try context.features(request, of: set)
    let neighbors = withExtendedLifetime((train, features)) {
      let search = unsafe NeighborSearch(
        train.floats, count: train.count, width: train.width, pool: context.pool)
      return unsafe search.neighbors(of: features.floats, features.count, perQuery: 1) { _ in }
    }
    let vote = NeighborVote(
      neighbors: neighbors, labels: labels, classes: context.dataset.classes.count)
    let accuracy = ClassificationAccuracy(
      ids: images.ids, labels: images.labels,
      answers: vote.answers(to: images.labels, neighbors: 1, temperature: 1),
      classes: context.dataset.classes)
    return SetScore(set, accuracy)
  }
}
