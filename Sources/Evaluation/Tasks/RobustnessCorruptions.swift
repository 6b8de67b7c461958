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

  private static let heads = ["knn", "linear_probe", "attentive_probe", "classify"]

  private let head: any Task
  private let generator: CorruptionGenerator
  private let corruptions: [[CorruptionSetting]]
  private let reference: CorruptionReference?
  private let files: CorruptedFiles?

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
    // A folder may hold other pictures tomorrow.
    if let id = frost.id { fields.record("frost_pictures", .string(id)) }
    let stored = try fields.takeOptional(
      "files", as: String.self,
      "a folder with KIND.npy and labels.npy, as CIFAR-10-C is released, in place of made pictures")
    let files = try stored.map { try CorruptedFiles(folder: $0, kinds: kinds) }
    if let files { fields.record("files_content", .string(files.id)) }
    self.files = files
    self.generator = generator
    corruptions = try kinds.map { kind in
      try severities.sorted().map {
        try CorruptionSetting(
          kind: kind, severity: $0, generator: generator, seed: UInt64(seed), frost: frost,
          files: files)
      }
    }
    head = try fields.takeHead(Self.heads, default: "knn")
    reference = try CorruptionReference(fields: fields, corruptions)
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

  package var features: [FeatureRequest] { head.features }
  package var splits: [String] { head.splits }
  package var annotations: Set<Annotation.Kind> { head.annotations }
  package var sets: [SplitReference] {
    [.test] + corruptions.joined().map { SplitReference(corruption: $0) }
  }

  package func checkApplies(_ context: TaskContext) throws {
    try head.checkApplies(context)
    try reference?.checkApplies(context)
    try files?.check(context.images(of: .test), of: context.dataset.id)
  }

  package func fit(_ context: TaskContext) throws -> any FittedHead { try head.fit(context) }

  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    let clean = scores[0]
    let spoilt = Dictionary(
      uniqueKeysWithValues: scores.dropFirst().compactMap { score in
        score.set.corruption.map { ($0, score.errors) }
      })
    let outcomes = CorruptionOutcomes(clean, corruptions, spoilt, reference)
    result.predictions = outcomes.table
    result.metrics = try outcomes.metrics(context.pool)
    result.metrics["top1"] = clean.metrics["top1"]
    result.headline = "mean_error"
    let (name, version) = files.map { ($0.id, 1) } ?? generator.parts
    result.generatorVersions[name] = version
    let given =
      files != nil ? [] : corruptions.joined().filter { $0.generatorID != generator.rawValue }
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
  var errors: [UInt8] {
    guard case .boolean(let right)? = predictions?["correct"]?.values else {
      preconditionFailure("a classifier says which of its answers are right")
    }
    return right.map { 1 - $0 }
  }
}
