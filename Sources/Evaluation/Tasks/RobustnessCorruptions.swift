import Results
import Support
import Vision

/// How much a classifier on frozen features loses on spoilt pictures.
///
/// One head is fitted on clean features, and scored on the clean test images and on copies of them with each corruption at
/// each severity (Hendrycks and Dietterich 2019). A picture is spoilt as the data set stores it, in the same
/// way for every checkpoint, before the checkpoint's own transform.
package struct RobustnessCorruptions: Task {
  package static let kind = "robustness_corruptions"
  package static let summary = "error on corrupted pictures, five severities"

  private static let heads = ["knn", "linear_probe", "attentive_probe"]

  private let head: any Task
  private let generator: CorruptionGenerator
  private let corruptions: [[CorruptionSetting]]

  package init(fields: Fields) throws {
    let name = try fields.takeChoice(
      "generator", of: CorruptionGenerator.allCases.map(\.rawValue),
      default: CorruptionGenerator.cifar.rawValue,
      "whose parameters: those for pictures of about 32 pixels, or of about 224")
    let generator = CorruptionGenerator(rawValue: name) ?? .cifar
    let kinds = try Self.kinds(fields)
    let severities = try fields.take(
      "severities", default: Array(CorruptionSetting.severities), in: CorruptionSetting.severities,
      "from 1, the mildest, to 5")
    let seed = try fields.take(
      "corruption_seed", default: 0, in: 0...Int.max, "chooses the draws; not the run's seed")
    guard !severities.isEmpty else {
      throw fields.error(at: "severities", "the list is empty", "give at least one")
    }
    guard Set(severities).count == severities.count else {
      throw fields.error(at: "severities", "severities are named twice", "name each once")
    }
    let folder = try fields.takeOptional(
      "frost", as: String.self, "a folder with pictures of frost, in place of the drawn ones")
    let frost = try folder.map { try FrostTextures(folder: $0) } ?? .drawn
    self.generator = generator
    corruptions = try kinds.map { kind in
      try severities.sorted().map {
        try CorruptionSetting(
          kind: kind, severity: $0, generator: generator, seed: UInt64(seed), frost: frost)
      }
    }
    head = try Self.head(fields.takeFields("head", "the classifier: its kind and settings"))
  }

  /// The kinds that are named: some, `test` for the fifteen that are averaged in publications, `extra` for the four to
  /// tune with, or `all`.
  private static func kinds(_ fields: Fields) throws -> [String] {
    let named = try fields.takeRequired(
      "kinds", as: [String].self, "the corruptions: test, extra, all, or some by name")
    let known = allCorruptions.map { $0.kind }
    let groups = [
      "test": allCorruptions.filter { !$0.isExtra }.map { $0.kind },
      "extra": allCorruptions.filter { $0.isExtra }.map { $0.kind }, "all": known,
    ]
    let kinds = named.flatMap { groups[$0] ?? [$0] }
    guard !kinds.isEmpty else {
      throw fields.error(at: "kinds", "the list is empty", "give at least one")
    }
    guard Set(kinds).count == kinds.count else {
      throw fields.error(at: "kinds", "kinds are named twice", "name each once")
    }
    if let unknown = kinds.first(where: { !known.contains($0) }) {
      throw fields.error(
        at: "kinds", "there is no corruption '\(unknown)'", suggestion(for: unknown, among: known))
    }
    return kinds
  }

  private static func head(_ fields: Fields) throws -> any Task {
    let kind = try fields.takeChoice(
      "task", of: heads, default: "knn", "the kind of task that fits the classifier")
    guard let type = allTasks.first(where: { $0.kind == kind }) else {
      throw fields.error(at: "task", "there is no task '\(kind)'")
    }
    return try type.init(fields: fields)
  }

  package var features: [FeatureRequest] { head.features }
  package var splits: [String] { head.splits }
  package var annotations: Set<Annotation.Kind> { head.annotations }
  package var sets: [SplitReference] {
    [.test] + corruptions.joined().map { SplitReference(corruption: $0) }
  }

  package func checkApplies(_ context: TaskContext) throws { try head.checkApplies(context) }

  package func fit(_ context: TaskContext) throws -> any FittedHead { try head.fit(context) }

  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    let clean = scores[0]
    let spoilt = Dictionary(
      uniqueKeysWithValues: scores.dropFirst().compactMap { score in
        score.set.corruption.map { ($0, score.errors) }
      })
    let outcomes = CorruptionOutcomes(clean, corruptions, spoilt)
    result.predictions = outcomes.table
    result.metrics = try outcomes.metrics(context.pool)
    result.metrics["top1"] = clean.metrics["top1"]
    result.headline = "mean_error"
    let (name, version) = generator.parts
    result.generatorVersions[name] = version
    let given = corruptions.joined().filter { $0.generatorID != generator.rawValue }
    for setting in given {
      result.generatorVersions[
        String(setting.generatorID.dropFirst(generator.rawValue.count + 1))] = 1
    }
    result.details = .object(
      (result.details.object ?? [:]).merging(clean.details) { _, scored in scored })
  }
}

extension SetScore {
  /// 1 for each image that was classified wrongly, else 0.
  fileprivate var errors: [UInt8] {
    guard case .boolean(let right)? = predictions?["correct"]?.values else {
      preconditionFailure("a classifier says which of its answers are right")
    }
    return right.map { 1 - $0 }
  }
}

/// Which images each corruption makes a classifier get wrong, side by side, since copies of an image depend on each other.
private struct CorruptionOutcomes {
  /// The answers to the clean images, and the errors: a column a set, a kind, and their mean.
  private(set) var table: Predictions
  private var columns: [String] = []
  private var means: [String] = []

  init(
    _ clean: SetScore, _ corruptions: [[CorruptionSetting]],
    _ errors: [CorruptionSetting: [UInt8]]
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
