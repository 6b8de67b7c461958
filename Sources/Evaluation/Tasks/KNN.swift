import Foundation
import Results
import Support
import Tensors
import Vision

/// Weighted k-nearest-neighbour classification of frozen features.
///
/// Wu et al. 2018, as DINO evaluates (Caron et al. 2021).
/// Cosine similarity to all training images, both with the transform of evaluation; the `k`
/// nearest vote with `exp(similarity / temperature)`. Every `k` is reported; the headline is fixed
/// beforehand and never chosen on the test set. Ties go to the lower class.
package struct KNN: Task {
  package static let kind = "knn"
  package static let summary = "weighted k-NN on frozen features"

  private let request: FeatureRequest
  private let neighbors: [Int]
  private let headline: Int
  private let temperature: Double

  package init(fields: Fields) throws {
    request = try FeatureRequest(fields: fields)
    neighbors = try fields.take(
      "neighbors", default: [10, 20, 100, 200], in: 1...10_000, "numbers of voting neighbours")
    headline = try fields.take(
      "headline_neighbors", default: 20, in: 1...10_000, "the number that stands for the task")
    temperature = try fields.take(
      "temperature", default: 0.07, in: 0.02...100, "divides similarities before the exponential")
    guard neighbors.contains(headline) else {
      throw fields.error(
        at: "headline_neighbors", "\(headline) is none of the numbers of neighbors",
        "choose one of \(neighbors.map(String.init).joined(separator: ", "))")
    }
  }

  package var features: [FeatureRequest] { [request] }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    var result = try context.blankResult(reading: request)
    let train = try context.trainFeatures(request)
    let counts = Set(neighbors.map { min($0, train.count) }).sorted()
    let headline = counts.last { $0 <= self.headline } ?? counts[0]
    result.headParameters = 0
    result.hyperparameters = Hyperparameters(
      searched: [:],
      chosen: ["neighbors": .integer(headline), "temperature": .number(temperature)],
      chosenOn: "fixed")
    return FittedNeighbors(
      result: result, request: request, train: train, labels: context.dataset.train.labels,
      counts: counts, headline: headline, temperature: temperature)
  }
}

/// Training images that vote.
private struct FittedNeighbors: ScoringHead {
  let result: TaskResult
  let request: FeatureRequest
  let train: FeatureSet
  /// The classes of the training images.
  let labels: [Int]
  /// The numbers of neighbours, none above the number of training images.
  let counts: [Int]
  let headline: Int
  let temperature: Double

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    let features = try context.features(request, of: set)
    let vote = NeighborVote(
      neighbors: search(features, context), labels: labels, classes: context.dataset.classes.count)
    let (ids, labels) = (images.ids, images.labels)
    var score = SetScore(set: set)
    for count in counts {
      let accuracy = ClassificationAccuracy(
        ids: ids, labels: labels,
        answers: vote.answers(to: labels, neighbors: count, temperature: temperature),
        classes: context.dataset.classes)
      if count == headline {
        let others = score.metrics
        score = SetScore(set, accuracy)
        score.metrics.merge(others) { _, other in other }
      }
      score.metrics["top1_k\(count)"] = accuracy.metrics["top1"].map { metric in
        var metric = metric
        if count != headline { metric.outcome = nil }
        return metric
      }
    }
    score.details["feature_health"] = withExtendedLifetime(features) {
      unsafe featureHealth(features.floats, count: features.count, width: features.width)
    }
    return score
  }

  /// The logarithms of the votes, so that probabilities are shares of the votes; a class without any has 10⁻¹² of them.
  func logits(_ set: SplitReference, in context: TaskContext) throws -> ClassLogits {
    let features = try context.features(request, of: set)
    let classes = context.dataset.classes.count
    let vote = NeighborVote(
      neighbors: search(features, context), labels: labels, classes: classes)
    let votes = vote.scores(neighbors: headline, temperature: temperature)
    return ClassLogits(
      classes: classes,
      values: (0..<features.count).flatMap { image -> [Float] in
        let row = votes[image * classes..<(image + 1) * classes].map { Double($0) }
        let sum = row.reduce(0, +)
        return row.map { Float(log(max($0 / sum, 1e-12))) }
      })
  }

  private func search(_ queries: FeatureSet, _ context: TaskContext) -> Neighbors {
    let meter = ProgressMeter(
      "k-NN of \(context.subject.name)", total: queries.count, unit: "images")
    defer { meter.finish() }
    return withExtendedLifetime((train, queries)) {
      let search = unsafe NeighborSearch(
        train.floats, count: train.count, width: train.width, pool: context.pool)
      return unsafe search.neighbors(
        of: queries.floats, queries.count, perQuery: counts.max() ?? 1
      ) { meter.advance(by: $0) }
    }
  }
}
