import Results
import Support
import Vision

/// Which images each corruption makes a classifier get wrong, side by side, since copies of an image depend on each other.
struct CorruptionOutcomes {
  /// The answers to the clean images, and the errors: a column a set, a kind, and their mean.
  private(set) var table: Predictions
  private var columns: [String] = []
  private var means: [String] = []

  init(
    _ clean: SetScore, _ corruptions: [[CorruptionSetting]],
    _ errors: [CorruptionSetting: [UInt8]], _ reference: CorruptionReference?
  ) {
    table = clean.predictions ?? Predictions(ids: ExampleIDs([]))
    add("error_clean", clean.errors)
    var mean = [Float](repeating: 0, count: table.count)
    for severities in corruptions {
      var ofKind = [Float](repeating: 0, count: table.count)
      for setting in severities {
        let wrong = errors[setting] ?? []
        add("error_\(setting.kind)_\(setting.severity)", wrong)
        for image in wrong.indices { ofKind[image] += Float(wrong[image]) }
      }
      for image in ofKind.indices {
        ofKind[image] /= Float(severities.count)
        mean[image] += ofKind[image] / Float(corruptions.count)
      }
      addMean("error_\(severities[0].kind)", ofKind)
    }
    addMean("mean_error", mean)
    table.add(PredictionColumn("corrupted_accuracy", .real(mean.map { 1 - $0 })))
    guard let reference else { return }
    let wrong = corruptions.map { severities in severities.map { errors[$0] ?? [] } }
    let kinds = corruptions.map { severities in severities.map { $0 } }
    addMean("mce_\(reference.name)", reference.corruptionErrors(kinds, wrong, clean: nil))
    addMean(
      "relative_mce_\(reference.name)",
      reference.corruptionErrors(kinds, wrong, clean: clean.errors))
  }

  private mutating func add(_ name: String, _ wrong: [UInt8]) {
    table.add(PredictionColumn(name, .boolean(wrong)))
    columns.append(name)
  }

  private mutating func addMean(_ name: String, _ share: [Float]) {
    table.add(PredictionColumn(name, .real(share)))
    means.append(name)
  }

  /// The errors, and the accuracy on spoilt images as a share of that on clean ones.
  func metrics(_ pool: WorkerPool) throws -> [String: Metric] {
    var metrics: [String: Metric] = [:]
    for name in columns {
      let wrong = table[name]?.doubles.reduce(0, +) ?? 0
      metrics[name] = .proportion(Int(wrong), of: table.count, column: name)
      metrics[name]?.higherIsBetter = false
    }
    for name in means {
      metrics[name] = try Metric(
        MetricOutcome(statistic: .mean, columns: [name]), of: table, higherIsBetter: false,
        pool: pool)
    }
    // A classifier that is never right has no accuracy that it could keep.
    if table["correct"]?.doubles.contains(1) == true {
      metrics["relative_accuracy"] = try Metric(
        MetricOutcome(statistic: .ratio, columns: ["corrupted_accuracy", "correct"]), of: table,
        pool: pool)
    }
    return metrics
  }
}
