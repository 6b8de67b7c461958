import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// A head is fitted once and scored on many sets.
@Suite("Fitted heads")
struct FittedHeadTests {
  private let folder = TemporaryFolder()

  private func context(
    _ definition: TaskDefinition, _ dataset: Dataset,
    open: @escaping @Sendable (String) throws -> Dataset = openDataset
  ) throws -> TaskContext {
    let store = FeatureStore(
      subject: try smallSubject(), dataset: dataset, cache: FeatureCache(folder: folder.path),
      planned: definition.task.features, precision: .fp32, pool: WorkerPool(threads: 2),
      open: open)
    return TaskContext(definition: definition, store: store, seed: 0)
  }

  private static let noise = (1...5).compactMap {
    try? CorruptionSetting(kind: "gaussian_noise", severity: $0, generator: .imageNet)
  }

  private func quick(_ name: String) throws -> TaskDefinition {
    let settings = [
      "knn": ["neighbors=[20]"], "linear_probe": ["epochs=20", "base_learning_rates=[0.3, 1]"],
      "attentive_probe": ["epochs=4", "batch_size=32", "base_learning_rates=[0.2]"],
    ]
    return try task(name, settings[name] ?? [])
  }

  @Test(
    "One head is scored on the test images, spoilt copies and other data",
    arguments: ["knn", "linear_probe", "attentive_probe"])
  func manySets(name: String) throws {
    let definition = try quick(name)
    let other = syntheticDataset(test: 30, noise: 60)
    let context = try context(definition, syntheticDataset(noise: 60)) { _ in other }
    let head = try definition.task.fit(context)
    let plain = try head.score(.test, in: context)
    let whole = try definition.task.run(context)
    #expect(plain.metrics == whole.metrics && plain.predictions == whole.predictions)
    #expect(whole.sets.isEmpty)

    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("features")).count
    let scores = try Self.noise.map {
      try head.score(SplitReference(corruption: $0), in: context)
    }
    // Spoilt images leave nothing on the disk, and the same images have the same names.
    let after = try FileManager.default.contentsOfDirectory(atPath: folder.file("features")).count
    #expect(after == files)
    for score in scores {
      #expect(score.predictions?.ids == plain.predictions?.ids)
      // The mildest noise may change no answer of sixty.
      guard (score.set.corruption?.severity ?? 5) >= 4 else { continue }
      #expect(score.predictions != plain.predictions)
    }
    #expect(scores.map { $0.set.name } == (1...5).map { "gaussian_noise-\($0)" })
    let again = try head.score(SplitReference(corruption: Self.noise[2]), in: context)
    #expect(again.predictions == scores[2].predictions)

    let elsewhere = try head.score(SplitReference("test", of: "elsewhere"), in: context)
    #expect(elsewhere.predictions?.count == 30)
    let train = try head.score(SplitReference("train"), in: context)
    #expect(train.predictions?.count == 120)
  }

  @Test("Features of a spoilt copy are those of its pictures")
  func spoiltFeatures() throws {
    let definition = try quick("knn")
    let request = definition.task.features[0]
    let set = SplitReference(corruption: Self.noise[3])
    let plain = try context(definition, syntheticDataset())
    let spoilt = CorruptedSplit(syntheticDataset().test, Self.noise[3])
    let kept = try context(
      definition,
      Dataset(
        id: "spoilt", classes: ["a", "b", "c", "d"], fingerprint: "spoilt",
        train: syntheticDataset().train, test: spoilt))
    let (one, two) = (try plain.features(request, of: set), try kept.features(request, of: .test))
    #expect(one.count == 60 && one.feature == two.feature)
    withExtendedLifetime((one, two)) {
      #expect((0..<60 * one.width).allSatisfy { one.floats[$0] == two.floats[$0] })
    }
  }

  @Test("Other data must have the same classes, and the split that is named")
  func otherData() throws {
    let definition = try quick("knn")
    let other = Dataset(
      id: "others", classes: ["a", "b", "d", "c"], fingerprint: "others",
      train: SyntheticSplit(count: 20), test: SyntheticSplit(count: 20))
    let context = try context(definition, syntheticDataset()) { _ in other }
    let head = try definition.task.fit(context)
    #expect {
      try head.score(SplitReference("test", of: "others"), in: context)
    } throws: {
      ($0 as? InputError)?.errorDescription?.contains("the classes of synthetic") == true
    }
    #expect {
      try head.score(SplitReference("validation"), in: context)
    } throws: {
      ($0 as? InputError)?.remedy == "choose one of train, test"
    }
  }

  @Test("Data without the annotations that a task reads is refused in one line")
  func annotations() throws {
    let plain = syntheticDataset()
    let bare = Dataset(
      id: "bare", classes: plain.classes, annotations: [], fingerprint: "bare",
      train: plain.train, test: plain.test)
    #expect {
      try context(quick("knn"), bare).checkApplies()
    } throws: {
      ($0 as? InputError)?.errorDescription
        == "bare: nothing says the label of its images, which knn reads; "
        + "give data that does, for example --data scenes, or leave the task out"
    }
    // No label is read here.
    try context(task("representation"), bare).checkApplies()
  }
}
