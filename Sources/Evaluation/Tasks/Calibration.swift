import Results
import Support
import Tensors
import Vision

/// Whether a classifier on frozen features is as often right as it is sure.
///
/// Guo et al. 2017: expected calibration error over bins of equal width and of equal size, Brier score and log loss, of
/// the probabilities as they are and after one temperature, which is fitted on validation images that the head never saw.
package struct Calibration: Task {
  package static let kind = "calibration"
  package static let summary = "whether probabilities can be trusted: ECE, Brier, log loss"

  private let head: any Task
  private let bins: Int
  private let validationFraction: Double

  package init(fields: Fields) throws {
    bins = try fields.take("bins", default: 15, in: 2...1000, "bins of confidence")
    validationFraction = try fields.take(
      "validation_fraction", default: 0.1, in: 0.01...0.5,
      "share of the training images that the temperature is fitted on, and the head is not")
    head = try fields.takeHead(["linear_probe", "attentive_probe", "knn"], default: "linear_probe")
  }

  package var features: [FeatureRequest] { head.features }
  package var splits: [String] { ["train", "test"] }

  package func checkApplies(_ context: TaskContext) throws { try head.checkApplies(context) }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let kept = try context.holdingOut(validationFraction)
    let fitted = try fitScoring(head, kept.context)
    let set = SplitReference("validation")
    let logits = try fitted.logits(set, in: kept.context)
    let labels = try kept.context.images(of: set).labels
    let temperature = unsafe logits.values.withUnsafeBufferPointer {
      unsafe CalibrationScores.fittedTemperature(
        logits: $0, labels: labels, classes: logits.classes)
    }
    var result = fitted.result
    result.dataset = DatasetSummary(
      context.dataset,
      splits: [
        "train": kept.context.dataset.train.count, "validation": labels.count,
        "test": context.dataset.test.count,
      ], splitHash: kept.hash)
    result.details = .object(
      (result.details.object ?? [:]).merging([
        "temperature": .number(temperature), "temperature_images": .integer(labels.count),
      ]) { _, new in new })
    return CalibratedHead(result: result, head: fitted, temperature: temperature, bins: bins)
  }
}

/// A classifier with the temperature that suits it.
private struct CalibratedHead: FittedHead {
  let result: TaskResult
  let head: any ScoringHead
  let temperature: Double
  let bins: Int

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    let logits = try head.logits(set, in: context)
    let labels = images.labels
    func scores(_ temperature: Double) -> CalibrationScores {
      unsafe logits.values.withUnsafeBufferPointer {
        unsafe CalibrationScores(
          logits: $0, labels: labels, classes: logits.classes, temperature: temperature)
      }
    }
    let (plain, calibrated) = (scores(1), scores(temperature))
    let accuracy = unsafe logits.values.withUnsafeBufferPointer {
      unsafe ClassificationAccuracy(
        ids: images.ids, labels: labels, scores: $0, classes: context.dataset.classes)
    }
    var table = accuracy.predictions
    for (ending, scores) in [("", plain), ("_calibrated", calibrated)] {
      add(scores, ending, to: &table)
    }
    var score = SetScore(set: set)
    score.predictions = table
    score.headline = "ece"
    score.metrics["top1"] = accuracy.metrics["top1"]
    for ending in ["", "_calibrated"] {
      for (name, column, statistic) in [
        ("ece", "gap", MetricOutcome.Statistic.meanAbsoluteSum),
        ("adaptive_ece", "adaptive_gap", .meanAbsoluteSum), ("brier", "brier", .mean),
        ("log_loss", "log_loss", .mean),
      ] {
        var metric = try Metric(
          MetricOutcome(statistic: statistic, columns: [column + ending]), of: table,
          higherIsBetter: false, pool: context.pool)
        if !name.hasSuffix("ece") { metric.unit = name == "brier" ? "brier" : "nats" }
        score.metrics[name + ending] = metric
      }
    }
    score.details = details(plain, calibrated)
    return score
  }

  private func add(_ scores: CalibrationScores, _ ending: String, to table: inout Predictions) {
    let bins = min(self.bins, table.count)
    func column(_ name: String, _ values: [Double]) -> PredictionColumn {
      PredictionColumn(name + ending, .real(values.map { Float($0) }))
    }
    table.add(column("confidence", scores.confidence))
    table.add(column("log_loss", scores.logLoss))
    table.add(column("brier", scores.brier))
    table.add(
      PredictionColumn(
        "gap" + ending, .real(scores.gaps(scores.equalWidthBins(bins), bins)), width: bins))
    table.add(
      PredictionColumn(
        "adaptive_gap" + ending, .real(scores.gaps(scores.equalMassBins(bins), bins)), width: bins))
  }

  /// The reliability diagram, and the error at each share of the most confident images.
  private func details(_ plain: CalibrationScores, _ calibrated: CalibrationScores) -> [String:
    JSON]
  {
    func reliability(_ scores: CalibrationScores) -> JSON {
      .array(
        scores.reliability(bins).map {
          [
            "images": .integer($0.examples), "confidence": .number($0.confidence),
            "accuracy": .number($0.accuracy),
          ]
        })
    }
    let risks = plain.risks
    let coverage = (1...20).map { step -> JSON in
      let place = max(1, risks.count * step / 20)
      return [
        "coverage": .number(Double(place) / Double(risks.count)),
        "error": .number(risks[place - 1]),
      ]
    }
    return [
      "reliability": reliability(plain), "reliability_calibrated": reliability(calibrated),
      "risk_coverage": .array(coverage),
      "area_under_risk_coverage": .number(risks.reduce(0, +) / Double(risks.count)),
    ]
  }
}
