import Foundation
import Results
import Support
import Tensors
import Vision

/// Whether scores tell test images of the known classes from images of other data.
///
/// Three scores, higher on known images: the greatest probability (Hendrycks and Gimpel 2017) and the energy
/// log Σ exp(logit) (Liu et al. 2020) of a classifier on frozen features, and the distance to the k-th nearest training
/// image among normalised features, negated (Sun et al. 2022), which needs no classifier.
package struct OutOfDistribution: Task {
  package static let kind = "ood"
  package static let summary = "telling images of other data from those of known classes"

  private static let scores = ["softmax", "energy", "neighbor"]

  private let head: any Task
  private let request: FeatureRequest
  private let other: String
  private let split: String
  private let neighbors: Int

  package init(fields: Fields) throws {
    request = try FeatureRequest(fields: fields)
    other = try fields.take(
      "other", default: "scenes", "images of other classes: kind:path?option=value")
    split = try fields.take("other_split", default: "test", "the split of the other images")
    neighbors = try fields.take(
      "neighbors", default: 50, in: 1...10_000, "whose distance counts, from the nearest")
    head = try fields.takeHead(["linear_probe", "attentive_probe"], default: "linear_probe")
  }

  package var features: [FeatureRequest] { [request] + head.features }
  package var sets: [SplitReference] { [.test, outside] }

  private var outside: SplitReference {
    var set = SplitReference(split, of: other)
    set.hasOtherClasses = true
    return set
  }

  package func checkApplies(_ context: TaskContext) throws {
    try head.checkApplies(context)
    let dataset = try context.store.dataset(of: outside)
    guard dataset.fingerprint != context.dataset.fingerprint else {
      throw InputError(
        context.definition.name, "the other images are those of \(context.dataset.id) itself",
        "name other data (--set \(context.definition.name).other=kind:path)")
    }
  }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let fitted = try fitScoring(head, context)
    return Detector(
      result: fitted.result, head: fitted, request: request,
      train: try context.trainFeatures(request),
      neighbors: min(neighbors, context.dataset.train.count))
  }

  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    let tables = scores.map { $0.predictions ?? Predictions(ids: ExampleIDs([])) }
    let (known, others) = (tables[0].count, tables[1].count)
    let isOther = [UInt8](repeating: 0, count: known) + [UInt8](repeating: 1, count: others)
    var table = Predictions(
      ids: ExampleIDs(
        (0..<known).map { "known \(tables[0].ids[$0])" }
          + (0..<others).map { "other \(tables[1].ids[$0])" }),
      columns: [PredictionColumn("is_other", .boolean(isOther))])
    for name in Self.scores {
      let values = tables.map { $0[name]?.doubles ?? [] }
      let separation = SeparationScores(known: values[0], others: values[1])
      // Twice the placement less the area: the mean over the two groups is the area, and its variance over resamples is
      // that of DeLong et al. 1988.
      let influence = separation.placements.map { Float(2 * $0 - separation.area) }
      let isTaken = values[1].map { $0 >= separation.threshold ? UInt8(1) : 0 }
      table.add(PredictionColumn(name, .real((values[0] + values[1]).map { Float($0) })))
      table.add(PredictionColumn("area_\(name)", .real(influence)))
      table.add(
        PredictionColumn(
          "taken_\(name)", .boolean([UInt8](repeating: 0, count: known) + isTaken)))
      result.metrics["auroc_\(name)"] = try Metric(
        MetricOutcome(statistic: .meanPerClass, columns: ["is_other", "area_\(name)"]), of: table,
        pool: context.pool)
      result.metrics["fpr95_\(name)"] = try Metric(
        MetricOutcome(statistic: .ratio, columns: ["taken_\(name)", "is_other"]), of: table,
        higherIsBetter: false, pool: context.pool)
      result.details = .object(
        (result.details.object ?? [:]).merging([
          "average_precision_\(name)": .number(separation.averagePrecision)
        ]) { _, new in new })
    }
    result.headline = "auroc_neighbor"
    result.predictions = table
  }
}

/// What tells known images from others.
private struct Detector: FittedHead {
  let result: TaskResult
  let head: any ScoringHead
  let request: FeatureRequest
  let train: FeatureSet
  let neighbors: Int

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    let logits = try head.logits(set, in: context)
    let features = try context.features(request, of: set)
    var (softmax, energy): ([Float], [Float]) = ([], [])
    for image in 0..<logits.count {
      let row = logits.values[image * logits.classes..<(image + 1) * logits.classes]
      let greatest = Double(row.max() ?? 0)
      let sum = row.reduce(0) { $0 + exp(Double($1) - greatest) }
      softmax.append(Float(1 / sum))
      energy.append(Float(greatest + log(sum)))
    }
    let found = withExtendedLifetime((train, features)) {
      unsafe NeighborSearch(
        train.floats, count: train.count, width: train.width, pool: context.pool
      )
      .neighbors(of: features.floats, features.count, perQuery: neighbors) { _ in }
    }
    let distances = (0..<features.count).map { image -> Float in
      let similarity = found.similarities[image * found.perQuery + found.perQuery - 1]
      return -(max(0, 2 - 2 * similarity)).squareRoot()
    }
    var score = SetScore(set: set)
    score.predictions = Predictions(
      ids: ExampleIDs(images.ids),
      columns: [
        PredictionColumn("softmax", .real(softmax)), PredictionColumn("energy", .real(energy)),
        PredictionColumn("neighbor", .real(distances)),
      ])
    return score
  }
}
