import Support
import Tensors
import Vision

extension TaskContext {
  /// A hash of everything that the result depends on: the checkpoint, the task, the data, the seed
  /// and the arithmetic; not the number of threads.
  package var resultKey: String {
    let fields: JSON = [
      "features": .integer(FeatureCache.version),
      "products": .string(Product.backend),
      "subject": subject.identity,
      "task": .string(definition.kind),
      "version": .integer(definition.version),
      "protocol": .string(definition.protocolName),
      "config": definition.config,
      "dataset": .string(dataset.fingerprint),
      "splits": .object(dataset.splitSizes.mapValues { .integer($0) }),
      "seed": .string(String(seed)),
      "precision": .string(precision.rawValue),
    ]
    return SHA256.hex(of: fields.text(pretty: false))
  }
}

extension EvaluationPlan {
  /// A hash of everything that results depend on but the checkpoint: tasks, data, seed, arithmetic.
  ///
  /// - Returns: the hash.
  /// - Throws: `InputError` when the data is unusable.
  package func key() throws -> String {
    let datasets = try openDatasets()
    let fields: JSON = [
      "features": .integer(FeatureCache.version),
      "products": .string(Product.backend),
      "tasks": .array(
        try tasks.map { task in
          let dataset = datasets[try specification(of: task)]
          return [
            "name": .string(task.name), "task": .string(task.kind),
            "version": .integer(task.version), "protocol": .string(task.protocolName),
            "config": task.config, "dataset": .string(dataset?.fingerprint ?? ""),
            "splits": .object((dataset?.splitSizes ?? [:]).mapValues { .integer($0) }),
          ]
        }),
      "seed": .string(String(seed)), "precision": .string(precision.rawValue),
    ]
    return SHA256.hex(of: fields.text(pretty: false))
  }
}
