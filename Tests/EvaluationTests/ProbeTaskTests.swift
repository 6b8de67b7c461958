import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

@Suite("Tasks")
struct ProbeTaskTests {
  private static let quick: [String: [String]] = [
    "knn": ["neighbors=[5, 20]"],
    "linear_probe": ["epochs=20", "batch_size=32"],
    "attentive_probe": ["epochs=15", "batch_size=32", "base_learning_rates=[0.2, 0.8]"],
  ]

  private func quickTask(_ name: String, _ more: [String] = []) throws -> TaskDefinition {
    try task(name, (Self.quick[name] ?? []) + more)
  }

  @Test("Every kind has a file of its own name, and every file of the folder is right")
  func files() throws {
    for kind in allTasks.map({ $0.kind }) {
      #expect(try task(kind).kind == kind)
    }
    let folder = packageFolder + "/tasks"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }
    for file in files {
      let definition = try TaskCatalog.load(folder + "/" + file)
      #expect(definition.name + ".yaml" == file)
      let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
      #expect(text.hasPrefix("# "), "\(file) opens with a comment")
    }
  }

  @Test("A misspelt key and a value out of bounds are refused with the nearest name")
  func badSettings() {
    #expect {
      try task("linear_probe", ["epoch=3"])
    } throws: {
      ($0 as? InputError)?.remedy.contains("epochs") ?? false
    }
    #expect(throws: InputError.self) { try task("linear_probe", ["epochs=0"]) }
    #expect(throws: InputError.self) { try task("knn", ["temperature=-1"]) }
    #expect(throws: InputError.self) { try task("knn", ["neighbors=[10]"]) }
    #expect(throws: InputError.self) { try task("knn", ["features=tokens"]) }
  }

  @Test(
    "Encoders and pixels are told apart from chance",
    arguments: ["knn", "linear_probe", "attentive_probe"])
  func learns(name: String) throws {
    let folder = TemporaryFolder()
    for subject in [try smallSubject(), try EvaluationSubject.load("pixels", seed: 0)] {
      let result = try run(
        quickTask(name), on: subject, syntheticDataset(), cache: FeatureCache(folder: folder.path))
      #expect(result.status == .ok)
      #expect((result.metrics["top1"]?.value ?? 0) > 0.6)
      #expect(result.predictions?.count == 60)
      #expect(result.metrics["top1"]?.count == 60)
    }
  }

  @Test(
    "Labels that mean nothing give chance", arguments: ["knn", "linear_probe", "attentive_probe"])
  func chance(name: String) throws {
    let folder = TemporaryFolder()
    let dataset = syntheticDataset(train: 200, test: 400, hasRandomLabels: true)
    let result = try run(
      quickTask(name), on: smallSubject(), dataset, cache: FeatureCache(folder: folder.path))
    // Chance is 100 of 400, its standard deviation 8.7.
    #expect(abs((result.metrics["top1"]?.value ?? 0) - 0.25) < 0.09)
  }

  @Test(
    "The same result for any number of threads",
    arguments: ["knn", "linear_probe", "attentive_probe"])
  func threads(name: String) throws {
    let results = try [1, 2, 3].map { threads in
      let folder = TemporaryFolder()
      var result = try run(
        quickTask(name), on: smallSubject(), syntheticDataset(noise: 110),
        cache: FeatureCache(folder: folder.path), threads: threads)
      result.timing = nil
      return result
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test("What was searched and chosen is in the result, and was chosen on training images")
  func search() throws {
    let folder = TemporaryFolder()
    let result = try run(
      quickTask("linear_probe", ["base_learning_rates=[1e-9, 1]"]), on: smallSubject(),
      syntheticDataset(noise: 40), cache: FeatureCache(folder: folder.path))
    let found = try #require(result.hyperparameters)
    #expect(found.searched["base_learning_rate"] == [1e-9, 1.0])
    #expect(found.chosen["base_learning_rate"] == 1.0)
    #expect(found.chosen["effective_batch_size"] == 32)
    #expect(found.chosen["effective_learning_rate"] == 0.125)
    #expect(found.isOnGridEdge)
    #expect(found.chosenOn.contains("24 of 120"))
    #expect(result.dataset?.splitHash != nil)
  }

  @Test("More neighbours than training images are as many as there are")
  func fewImages() throws {
    let folder = TemporaryFolder()
    let result = try run(
      task("knn"), on: smallSubject(), syntheticDataset(train: 12, test: 8),
      cache: FeatureCache(folder: folder.path))
    #expect(result.metrics.keys.sorted() == ["mean_per_class", "top1", "top1_k10", "top1_k12"])
    #expect(result.metrics["top1"]?.value == result.metrics["top1_k12"]?.value)
  }

  @Test("The published protocol sees the images anew in each epoch")
  func augmentation() throws {
    let folder = TemporaryFolder()
    let short = ["epochs=6", "warm_up_epochs=1", "batch_size=40"]
    let result = try run(
      task("mae-linear@1", short + ["base_learning_rates=[20]"]), on: smallSubject(),
      syntheticDataset(train: 80, test: 40), cache: FeatureCache(folder: folder.path))
    #expect((result.metrics["top1"]?.value ?? 0) > 0.5)
    #expect(result.hyperparameters?.chosenOn == "fixed")
    #expect(result.protocolName == "mae-linear@1")
  }

  @Test(
    "Searches use the data set's own validation split",
    arguments: ["linear_probe", "attentive_probe"])
  func ownValidationSplit(name: String) throws {
    let folder = TemporaryFolder()
    let plain = syntheticDataset()
    let data = Dataset(
      id: "with validation", classes: plain.classes, fingerprint: "with validation",
      train: plain.train, validation: SyntheticSplit(count: 37, seed: 3), test: plain.test)
    let search = ["base_learning_rates=[0.2, 0.8]"]
    func result(_ data: Dataset, _ settings: [String]) throws -> TaskResult {
      try run(
        quickTask(name, settings), on: smallSubject(), data,
        cache: FeatureCache(folder: folder.path))
    }
    let own = try result(data, search)
    #expect(own.hyperparameters?.chosenOn == "validation (the data's own split, 37 images)")
    #expect(own.dataset?.splits == ["train": 120, "validation": 37, "test": 60])
    #expect(own.config["validation"] == "own split" && own.dataset?.splitHash == nil)
    // Accuracies are shares of 37.
    let tried = try #require(own.details["search"]?.array).compactMap {
      $0["validation_top1"]?.double
    }
    #expect(tried.count == 2 && tried.allSatisfy { abs($0 * 37 - ($0 * 37).rounded()) < 1e-9 })

    let cut = try result(plain, search)
    #expect(cut.hyperparameters?.chosenOn == "validation (24 of 120 training images)")
    #expect(cut.config["validation"] == "cut from train" && cut.dataset?.splitHash != nil)

    // Nothing to choose, nothing to look at.
    let fixed = try result(data, ["base_learning_rates=[0.2]"])
    #expect(fixed.hyperparameters?.chosenOn == "fixed" && fixed.config["validation"] == nil)
    #expect(fixed.dataset?.splits == ["train": 120, "test": 60])
  }

  @Test("Many classes are scored in portions")
  func manyClasses() throws {
    let folder = TemporaryFolder()
    let classes = 20_000
    let data = Dataset(
      id: "many classes", classes: (0..<classes).map { "c\($0)" }, fingerprint: "many classes",
      train: SyntheticSplit(count: 400, classes: 400), test: SyntheticSplit(count: 300, seed: 2))
    let result = try run(
      task("knn"), on: EvaluationSubject.load("pixels", seed: 0), data,
      cache: FeatureCache(folder: folder.path))
    #expect(result.perClass.count == classes)
    #expect(result.metrics["mean_per_class"] != nil && result.predictions?.count == 300)
  }
}
