import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Vision

/// Small images of a colour that belongs to their class, with noise.
struct SyntheticSplit: ImageSplit {
  let count: Int
  var classes = 4
  var noise = 40
  var seed: UInt64 = 1
  /// Labels that have nothing to do with the images.
  var hasRandomLabels = false

  func label(at index: Int) -> Int {
    guard hasRandomLabels else { return index % classes }
    var random = RandomStream(seed: seed, purpose: "random label", index)
    return random.below(classes)
  }

  func exampleID(at index: Int) -> String { "\(seed)-\(index)" }

  func image(at index: Int) -> Image {
    var random = RandomStream(seed: seed, purpose: "synthetic", index)
    let kind = index % classes
    let base = [40 + 60 * (kind % 2), 40 + 60 * (kind / 2), 100]
    return Image(width: 16, height: 16) { pixels in
      for i in 0..<16 * 16 * 3 {
        let value = base[i % 3] + random.below(2 * noise + 1) - noise
        pixels[i] = UInt8(min(max(value, 0), 255))
      }
    }
  }
}

/// A data set of such images.
func syntheticDataset(
  train: Int = 120, test: Int = 60, noise: Int = 40, hasRandomLabels: Bool = false
) -> Dataset {
  func split(_ count: Int, _ seed: UInt64) -> SyntheticSplit {
    SyntheticSplit(count: count, noise: noise, seed: seed, hasRandomLabels: hasRandomLabels)
  }
  return Dataset(
    id: "synthetic", classes: ["a", "b", "c", "d"],
    fingerprint: "synthetic \(train) \(test) \(noise) \(hasRandomLabels)",
    train: split(train, 1), test: split(test, 2))
}

/// A small untrained encoder.
func smallSubject(seed: UInt64 = 0) throws -> EvaluationSubject {
  try EvaluationSubject.load("random:vit-tiny/8@16", seed: seed)
}

/// The task of a file in `tasks`, its settings changed.
func task(_ name: String, _ assignments: [String] = []) throws -> TaskDefinition {
  try TaskCatalog.load(packageFolder + "/tasks/\(name).yaml", overriding: assignments)
}

/// Runs one task on one subject.
func run(
  _ definition: TaskDefinition, on subject: EvaluationSubject, _ dataset: Dataset,
  cache: FeatureCache, threads: Int = 2, seed: UInt64 = 0
) throws -> TaskResult {
  let pool = WorkerPool(threads: threads)
  defer { pool.close() }
  let store = FeatureStore(
    subject: subject, dataset: dataset, cache: cache, planned: definition.task.features,
    precision: .fp32, pool: pool)
  let context = TaskContext(definition: definition, store: store, seed: seed)
  try context.checkApplies()
  return try definition.task.run(context)
}

/// Uniform random numbers in ±1.
func randomTensor(_ shape: [Int], seed: UInt64) -> Tensor {
  let tensor = Tensor(shape)
  var random = RandomStream(seed: seed, purpose: "test")
  for i in 0..<tensor.count { tensor.data[i] = random.uniform(-1, 1) }
  return tensor
}
