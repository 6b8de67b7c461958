import Checkpoints
import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Classifiers that come with checkpoints, scored as they are.
@Suite("Classify")
struct ClassifyTests {
  private static let goldens = packageFolder + "/Tests/Goldens/checkpoints/"
  private let folder = TemporaryFolder()

  /// A golden checkpoint with a classifier of five classes.
  private func subject(_ name: String) throws -> EvaluationSubject {
    var options = CheckpointOptions()
    if name.hasSuffix(".pth") { options.heads = 3 }
    return try EvaluationSubject.load(Self.goldens + name, seed: 0, options: options)
  }

  private func cache() -> FeatureCache { FeatureCache(folder: folder.path) }

  private func dataset(classes: Int = 5) -> Dataset {
    let split = { SyntheticSplit(count: $0, classes: classes, seed: $1) }
    return Dataset(
      id: "synthetic", classes: (0..<classes).map { "class \($0)" }, fingerprint: "\(classes)",
      train: split(30, 1), test: split(20, 2))
  }

  static let hasPublished = ["checkpoints", "cifar10", "cifar10-jpeg"].allSatisfy {
    RealData.has($0)
  }

  /// The counts that the README of the published ResNet-20 states.
  @Test(
    "The published network gets the published counts",
    .enabled(if: hasPublished, "the published ResNet-20 or CIFAR-10 is not on this machine"),
    arguments: [
      ("cifar10", "test", 599, 600), ("cifar10", "train", 2397, 2400),
      ("cifar10-jpeg", "test", 1714, 2000), ("cifar10-jpeg", "train", 8675, 10_000),
    ])
  func published(data: String, split: String, correct: Int, count: Int) throws {
    let path = try #require(RealData.folder("checkpoints")) + "/resnet20-cifar10.th"
    let images = try #require(RealData.folder(data))
    let result = try run(
      task("classify", ["split=\(split)"]), on: EvaluationSubject.load(path, seed: 0),
      openDataset("cifar10:\(images)"), cache: cache())
    let top1 = try #require(result.metrics["top1"])
    #expect(top1 == .proportion(correct, of: count, column: "correct"))
    #expect(result.predictions?["correct"]?.doubles.reduce(0, +) == Double(correct))
    #expect(result.metrics["top5"]?.count == count)
    #expect(result.perClass.count == 10)
    #expect(result.dataset?.splits == [split: count])
    #expect(result.perClass.compactMap { $0.metric?.count }.reduce(0, +) == count)
  }

  /// Every way of pooling; the scores that the library gives are checked in `FamilyTests`.
  @Test(
    "Scores are those of the head over the encoder's tokens",
    arguments: [
      ("timm_vit", "class token"), ("beit_fine_tuned.pth", "mean of 16 patch tokens"),
      ("hf_dinov2_classifier", "class token and mean"), ("hf_deit_distilled", "1 register"),
    ])
  func scores(name: String, feature: String) throws {
    let subject = try subject(name)
    let result = try run(task("classify"), on: subject, dataset(), cache: cache())
    #expect(result.features?.resolved.contains(feature) == true)
    let exported = folder.file("logits.npy")
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let shape = try exportFeatures(
      FeatureRequest(.classifier), of: subject,
      on: FeatureImages(dataset().test, preprocessing: subject.preprocessing), to: exported,
      pool: pool, precision: .fp32)
    #expect(shape == [20, 5])
    let logits = try openCheckpoint(exported).floats("array").array
    let best = (0..<20).map { row in
      Int32((0..<5).max { logits[row * 5 + $0] < logits[row * 5 + $1] } ?? 0)
    }
    #expect(result.predictions?["prediction"]?.values == .integer(best))
  }

  @Test("Outputs can stand for other classes")
  func outputs() throws {
    let subject = try subject("hf_vit")
    let all = try run(task("classify"), on: subject, dataset(), cache: cache())
    let turned = try run(
      task("classify", ["outputs=[4, 3, 2, 1, 0]"]), on: subject, dataset(), cache: cache())
    let predictions = try #require(all.predictions?["prediction"]?.doubles)
    #expect(turned.predictions?["prediction"]?.doubles == predictions.map { 4 - $0 })
    let two = try run(
      task("classify", ["outputs=[1, 3]"]), on: subject, dataset(classes: 2), cache: cache())
    #expect(two.predictions?["prediction"]?.doubles.allSatisfy { $0 < 2 } == true)
    #expect(all.comparabilityKey != turned.comparabilityKey)
  }

  @Test(
    "What does not apply is refused in one line that says what to do",
    arguments: [
      ("mae.pth", 5, [], "has no classifier"), ("hf_clip", 6, [], "has no classifier"),
      ("hf_vit", 7, [], "5 outputs, synthetic has 7 classes"),
      ("hf_vit", 5, ["outputs=[0, 1]"], "one for each class"),
      ("hf_vit", 2, ["outputs=[0, 5]"], "count from 0 to 4"),
      ("hf_vit", 5, ["split=validation"], "no split 'validation'"),
    ])
  func refusals(name: String, classes: Int, settings: [String], words: String) throws {
    let subject = try subject(name)
    let error = #expect(throws: InputError.self) {
      try run(task("classify", settings), on: subject, dataset(classes: classes), cache: cache())
    }
    #expect(error?.errorDescription?.contains(words) == true, "\(error?.errorDescription ?? "")")
    #expect(!FileManager.default.fileExists(atPath: folder.file("features")))
  }

  @Test("It fails where it was asked for by name, and is skipped as one of all")
  func skipped() throws {
    var plan = EvaluationPlan(
      checkpoints: ["pixels"], tasks: [try task("classify")], data: "scenes",
      output: folder.path, limit: 20)
    let failed = try EvaluationRun.run(plan)[0].results
    #expect(failed.map { $0.status } == [.failed])
    plan.tasks[0].isImplied = true
    let result = try #require(try EvaluationRun.run(plan)[0].results.first)
    #expect(result.status == .skipped)
    #expect(result.error?.contains("has no classifier") == true)
    #expect(result.metrics.isEmpty)
    let lines = try EvaluationRun.describe(plan).joined(separator: "\n")
    #expect(lines.contains("does not apply") && !lines.contains("through the encoder"))
    let tasks = try TaskCatalog.load(["all", "knn"])
    #expect(tasks.filter { !$0.isImplied }.map { $0.name } == ["knn"])
    #expect(tasks.contains { $0.kind == "classify" && $0.isImplied })
  }

  /// Two networks of one file have the same hash of the file.
  @Test("Networks of one file do not read each other's features")
  func branches() throws {
    let requests = [FeatureRequest(.mean)]
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let features = try ["teacher", "student"].map { branch in
      var options = CheckpointOptions()
      options.heads = 3
      options.branch = branch
      let subject = try EvaluationSubject.load(Self.goldens + "dino.pth", seed: 0, options: options)
      let scope = FeatureCache.Scope(
        subject: subject, precision: .fp32, dataset: "x", split: "test", images: dataset().test)
      return try cache().features(requests.map { try subject.resolve($0) }, of: scope, pool: pool)[
        0]
    }
    let differ = (0..<20 * 24).contains { features[0].floats[$0] != features[1].floats[$0] }
    #expect(differ)
  }
}
