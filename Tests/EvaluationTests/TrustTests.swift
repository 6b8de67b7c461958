import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Calibration, second test sets and images of other data.
@Suite("Calibration, shift, other data")
struct TrustTests {
  private let folder = TemporaryFolder()
  private static let quick = ["head.epochs=20", "head.base_learning_rates=[0.3, 1]"]

  private func measure(
    _ name: String, _ settings: [String] = [], on dataset: Dataset = syntheticDataset(noise: 60),
    threads: Int = 2, other: @escaping @Sendable (String) throws -> Dataset = openDataset
  ) throws -> TaskResult {
    let definition = try task(name, Self.quick + settings)
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let store = FeatureStore(
      subject: try smallSubject(), dataset: dataset, cache: FeatureCache(folder: folder.path),
      planned: definition.task.features, precision: .fp32, pool: pool, open: other)
    let context = TaskContext(definition: definition, store: store, seed: 0)
    try context.checkApplies()
    return try definition.task.run(context)
  }

  private func checkOutcomes(_ result: TaskResult) throws {
    let table = try #require(result.predictions)
    for (name, metric) in result.metrics {
      guard let outcome = metric.outcome else { continue }
      let value = try OutcomeColumns(outcome, of: table, file: "table").value
      #expect(abs(value - metric.value) < 1e-6, "\(name)")
      #expect(metric.isFinite, "\(name)")
    }
  }

  @Test("Calibration holds images back for its temperature, and follows from its table")
  func calibration() throws {
    let result = try measure("calibration")
    try checkOutcomes(result)
    #expect(result.headline == "ece" && result.metrics.count == 9)
    #expect(result.dataset?.splits == ["train": 96, "validation": 24, "test": 60])
    #expect(result.dataset?.splitHash != nil)
    let temperature = try #require(result.details["temperature"]?.double)
    #expect(temperature >= 0.05 && temperature <= 20)
    let bins = try #require(result.details["reliability"]?.array)
    #expect(bins.count == 15 && bins.reduce(0) { $0 + ($1["images"]?.int ?? 0) } == 60)
    #expect(result.details["risk_coverage"]?.array?.count == 20)
    let mine = try measure("calibration", ["bins=4"])
    #expect(
      mine.predictions?["gap"]?.width == 4 && mine.comparabilityKey != result.comparabilityKey)
  }

  @Test("Calibration with neighbours, and the same for any number of threads")
  func calibrationOfNeighbors() throws {
    let settings = ["head={task: knn, neighbors: [20], headline_neighbors: 20}"]
    let definition = try task("calibration", settings)
    let results = try [1, 2].map { threads in
      try run(
        definition, on: smallSubject(), syntheticDataset(noise: 60),
        cache: FeatureCache(folder: TemporaryFolder().path), threads: threads, seed: 0)
    }
    #expect(results[0].metrics == results[1].metrics)
    #expect(results[0].predictions == results[1].predictions)
    try checkOutcomes(results[0])
  }

  @Test("Images of other data are told apart by every score where they look otherwise")
  func otherData() throws {
    let white = Dataset(
      id: "white", classes: ["one"], fingerprint: "white", train: Blank(), test: Blank())
    let result = try measure("ood", ["other=white", "neighbors=5"]) { _ in white }
    try checkOutcomes(result)
    #expect(result.headline == "auroc_neighbor")
    // White pictures are far from all coloured ones.
    #expect(result.metrics["auroc_neighbor"]?.value == 1)
    #expect(result.metrics["fpr95_neighbor"]?.value == 0)
    #expect(result.predictions?.count == 60 + 20 && result.sets.count == 2)
    #expect(result.sets[1].dataset?.id == "white")
  }

  @Test("Images of the same kind are not told apart, and the same data is refused")
  func sameData() throws {
    let same = syntheticDataset(train: 40, test: 80, noise: 60)
    let result = try measure("ood", ["other=same", "neighbors=5"]) { _ in same }
    for name in ["auroc_neighbor", "auroc_softmax", "auroc_energy"] {
      let metric = try #require(result.metrics[name])
      // 60 test images, of which all are among the 80: four standard errors.
      #expect(abs(metric.value - 0.5) < 4 * metric.standardError, "\(name) \(metric.value)")
    }
    #expect(throws: InputError.self) {
      try measure("ood", ["other=same"]) { _ in syntheticDataset(noise: 60) }
    }
  }

  @Test("A second test set of some classes in another order is scored among those")
  func shift() throws {
    let part = Dataset(
      id: "part", classes: ["c", "a"], fingerprint: "part", train: TwoClasses(),
      test: TwoClasses())
    let result = try measure("robustness_shift", ["shift=part"]) { _ in part }
    try checkOutcomes(result)
    // Colours of c and a, so that the labels of the second set are right only if they are mapped.
    let top1 = try #require(result.metrics["top1"]?.value)
    #expect(top1 > 0.6)
    #expect(result.metrics["top1"]?.count == 30 && result.metrics["clean_top1"]?.count == 30)
    #expect(result.perClass.map(\.name) == ["c", "a"])
    let swapped = try measure(
      "robustness_shift", ["shift=part", "classes=[a, c]"]
    ) { _ in part }
    // Of two classes, what was right is wrong.
    #expect(abs((swapped.metrics["top1"]?.value ?? 1) - (1 - top1)) < 1e-12)
    let line = try measure(
      "robustness_shift", ["shift=part", "baseline_slope=1", "baseline_intercept=0"]
    ) { _ in part }
    // The line says that nothing is lost.
    let robust = try #require(line.metrics["effective_robustness"]?.value)
    let drop = try #require(line.metrics["accuracy_drop"]?.value)
    #expect(abs(robust + drop) < 1e-5)
  }

  @Test("Without a second set, or with classes that do not fit, one line says so")
  func shiftRefusals() {
    func line(_ settings: [String], _ classes: [String] = ["x"]) -> String {
      do {
        _ = try measure("robustness_shift", settings) { _ in
          Dataset(
            id: "other", classes: classes, fingerprint: "other", train: Blank(), test: Blank())
        }
        return "no error"
      } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
    }
    #expect(line([]).contains("no second test set is named"))
    #expect(line(["shift=other"]).contains("the class 'x', which synthetic has not"))
    #expect(line(["shift=other", "classes=[a, b]"]).contains("names 2, other has 1"))
    #expect(line(["shift=other", "classes=[a, a]"], ["x", "y"]).contains("are one of synthetic"))
    #expect(line(["baseline_slope=1"]).contains("give both or none"))
  }

  @Test(
    "Corruption errors are divided by those of a report, or of AlexNet where that means something")
  func reference() throws {
    let settings = ["kinds=[gaussian_noise, fog]", "severities=[1, 5]"]
    let name = "robustness_corruptions"
    func measured(_ more: [String]) throws -> TaskResult {
      try run(
        task(name, settings + more), on: smallSubject(), syntheticDataset(noise: 60),
        cache: FeatureCache(folder: folder.path))
    }
    let plain = try measured([])
    let report = Report(
      command: "test",
      checkpoint: ReportCheckpoint(
        name: "x", source: "x", format: "x", sha256: nil, encoder: "x", parameters: 1),
      environment: ReportEnvironment(
        cpu: "Test CPU", cores: 2, threads: 2, precision: "fp32", libraries: ["onednn": "2.6.3"],
        operatingSystem: "Test OS", peakMemoryBytes: 1 << 20), tasks: [plain])
    try report.write(folder.file("report"))
    let result = try measured(["reference=\(folder.file("report"))"])
    // Against itself every corruption error is one; the relative one, too.
    #expect(abs((result.metrics["mce_reference"]?.value ?? 0) - 1) < 1e-6)
    #expect(abs((result.metrics["relative_mce_reference"]?.value ?? 0) - 1) < 1e-6)
    #expect(result.comparabilityKey != plain.comparabilityKey)
    #expect(result.config["reference_errors"] != nil)
    func line(_ more: [String]) -> String {
      do {
        _ = try measured(more)
        return "no error"
      } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
    }
    #expect(line(["reference=alexnet"]).contains("those on ImageNet-C"))
    #expect(line(["reference=\(folder.file("nowhere"))"]).contains("does not exist"))
    #expect(
      line(["reference=\(folder.file("report"))", "severities=[1, 2]"])
        .contains("no error for gaussian_noise 2"))
    let imageNet = try task(name, ["reference=alexnet", "generator=imagenet-c-math@1"])
    let store = FeatureStore(
      subject: try smallSubject(), dataset: syntheticDataset(),
      cache: FeatureCache(folder: folder.path), planned: [], precision: .fp32,
      pool: WorkerPool(threads: 1))
    #expect {
      try TaskContext(definition: imageNet, store: store, seed: 0).checkApplies()
    } throws: {
      ($0 as? InputError)?.errorDescription?.contains("1,000 classes, synthetic has 4") == true
    }
  }
}

/// White pictures.
private struct Blank: ImageSplit {
  let count = 20
  func label(at index: Int) -> Int { 0 }
  func exampleID(at index: Int) -> String { "white \(index)" }
  func image(at index: Int) -> Image {
    Image(width: 16, height: 16, pixels: [UInt8](repeating: 255, count: 16 * 16 * 3))
  }
}

/// Pictures of the synthetic classes c (label 0) and a (label 1).
private struct TwoClasses: ImageSplit {
  let count = 30
  private let base = SyntheticSplit(count: 120, noise: 60, seed: 3)
  func label(at index: Int) -> Int { index % 2 }
  func exampleID(at index: Int) -> String { "shifted \(index)" }
  func image(at index: Int) -> Image { base.image(at: index / 2 * 4 + (index % 2 == 0 ? 2 : 0)) }
}
