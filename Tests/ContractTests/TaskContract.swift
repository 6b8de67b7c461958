import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Every task of the folder `tasks`, on encoders of every family and without one.
///
/// A new task is tested by being there.
@Suite struct TaskContract {
  private static let subjects = ["random:vit-tiny/8@16", "random:resnet20@32", "pixels"]

  private let folder = TemporaryFolder()

  private func definition(_ name: String) throws -> TaskDefinition {
    try TaskCatalog.load(packageFolder + "/tasks/\(name).yaml")
  }

  private func context(
    _ definition: TaskDefinition, _ subject: String, _ dataset: Dataset, cache: String,
    pool: WorkerPool
  ) throws -> TaskContext {
    let store = FeatureStore(
      subject: try EvaluationSubject.load(subject, seed: 0), dataset: dataset,
      cache: FeatureCache(folder: cache), planned: definition.task.features, precision: .fp32,
      pool: pool)
    return TaskContext(definition: definition, store: store, seed: 0)
  }

  private func scenes() throws -> Dataset { try openDataset("scenes:?train=150&test=40") }

  /// Whether a task measures a subject; if not, one line says why.
  private func applies(_ context: TaskContext) throws -> Bool {
    do { try context.checkApplies() } catch let error as InputError {
      let line = error.errorDescription ?? ""
      #expect(!line.isEmpty && !line.contains("\n"))
      return false
    }
    return true
  }

  @Test(arguments: allTasks.map { $0.kind }, subjects)
  func aResultIsWholeAndTheSameForAnyThreads(name: String, subject: String) throws {
    let definition = try definition(name)
    let dataset = try scenes()
    var results: [TaskResult] = []
    for threads in [1, 3] {
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let context = try context(
        definition, subject, dataset, cache: folder.file("\(threads)"), pool: pool)
      guard try applies(context) else { return }
      var result = try definition.task.run(context)
      result.timing = nil
      results.append(result)
    }
    #expect(results[0] == results[1])
    let result = results[0]
    #expect(result.status == .ok && !result.metrics.isEmpty)
    #expect(result.headline.map { result.metrics[$0] != nil } ?? (name == "representation"))
    for (key, metric) in result.metrics {
      let range = metric.interval
      let isWhole =
        [metric.value, metric.standardError, range.low, range.high].allSatisfy { $0.isFinite }
        && range.low <= metric.value && metric.value <= range.high && metric.count > 0
      #expect(isWhole, "\(key): \(metric)")
    }
    if let predictions = result.predictions {
      let ids = (0..<predictions.ids.count).map { predictions.ids[$0] }
      // A task on several sets says before the id which set it is.
      let missing = dataset.test.ids.filter { id in
        !ids.contains { $0 == id || $0.hasSuffix(" " + id) }
      }
      #expect(missing.isEmpty)
    }
  }

  /// Everything is chosen before the test images are looked at: fitting does without them.
  @Test(arguments: allTasks.map { $0.kind }, subjects)
  func fittingReadsNoTestImage(name: String, subject: String) throws {
    let definition = try definition(name)
    let whole = try scenes()
    let blind = Dataset(
      id: whole.id, classes: whole.classes, annotations: whole.annotations,
      mapClasses: whole.mapClasses, fingerprint: whole.fingerprint, train: whole.train,
      test: Unreadable(base: whole.test))
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let context = try context(definition, subject, blind, cache: folder.path, pool: pool)
    guard try applies(context) else { return }
    _ = try definition.task.fit(context)
  }

  @Test func everyTaskHasAFileOfItsName() {
    let missing = allTasks.map { $0.kind }.filter {
      !FileManager.default.fileExists(atPath: packageFolder + "/tasks/\($0).yaml")
    }
    #expect(missing.isEmpty)
  }
}

/// Test images that nobody may look at yet.
private struct Unreadable: ImageSplit {
  let base: any ImageSplit

  var count: Int { base.count }
  func exampleID(at index: Int) -> String { base.exampleID(at: index) }
  func label(at index: Int) -> Int { base.label(at: index) }
  func image(at index: Int) throws -> Image { throw InputError("test image", "is looked at") }
  func annotation(at index: Int) throws -> Annotation {
    throw InputError("test annotation", "is looked at")
  }
}
