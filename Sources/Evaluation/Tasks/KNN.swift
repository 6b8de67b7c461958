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

  package func run(_ context: TaskContext) throws -> TaskResult {
    let start = Date()
    var result = try context.blankResult(reading: request)
    let (train, test) = (
      try context.trainFeatures(request), try context.testFeatures(request)
    )
    let counts = usable(train.count)
    let headline = counts.last { $0 <= self.headline } ?? counts[0]
    let found = search(train, test, perQuery: counts.max() ?? 1, context)
    let vote = NeighborVote(
      neighbors: found, labels: context.dataset.train.labels,
      classes: context.dataset.classes.count)
    let (ids, labels) = (context.testIDs, context.dataset.test.labels)
    for count in counts {
      let accuracy = ClassificationAccuracy(
        ids: ids, labels: labels,
        answers: vote.answers(to: labels, neighbors: count, temperature: temperature),
        classes: context.dataset.classes)
      result.metrics["top1_k\(count)"] = accuracy.metrics["top1"].map { metric in
        var metric = metric
        if count != headline { metric.outcome = nil }
        return metric
      }
      guard count == headline else { continue }
      result.metrics.merge(accuracy.metrics) { first, _ in first }
      result.perClass = accuracy.perClass
      result.predictions = accuracy.predictions
    }
    result.headline = "top1"
    result.details = [
      "feature_health": featureHealth(test.floats, count: test.count, width: test.width)
    ]
    result.headParameters = 0
    result.hyperparameters = Hyperparameters(
      searched: [:],
      chosen: ["neighbors": .integer(headline), "temperature": .number(temperature)],
      chosenOn: "fixed")
    result.timing = context.timing(since: start)
    return result
  }

  /// The numbers of neighbours, none above the number of training images.
  private func usable(_ trainCount: Int) -> [Int] {
    Set(neighbors.map { min($0, trainCount) }).sorted()
  }

  private func search(
    _ train: FeatureSet, _ test: FeatureSet, perQuery: Int, _ context: TaskContext
  ) -> Neighbors {
    let meter = ProgressMeter(
      "k-NN of \(context.subject.name)", total: test.count, unit: "images")
    defer { meter.finish() }
    let search = NeighborSearch(
      train.floats, count: train.count, width: train.width, pool: context.pool)
    return search.neighbors(of: test.floats, test.count, perQuery: perQuery) {
      meter.advance(by: $0)
    }
  }
}
