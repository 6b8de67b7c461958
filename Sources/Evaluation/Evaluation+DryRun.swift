import Foundation
import Support
import Tensors
import Vision

extension Evaluation {
  /// What a plan would do, in lines for people; computes nothing but one slice of images for each
  /// encoder, to estimate the time.
  ///
  /// - Parameters:
  ///   - plan: what to do.
  ///   - finished: keeps results.
  /// - Returns: for each checkpoint a line, then one for each task, and the cache's folder.
  /// - Throws: `InputError` when the data or a checkpoint is unusable.
  package static func describe(
    _ plan: EvaluationPlan, finished: (any FinishedResults)? = nil
  ) throws -> [String] {
    let datasets = try plan.openDatasets()
    let pool = WorkerPool(threads: plan.threads)
    defer { pool.close() }
    var lines: [String] = []
    var taken: Set<String> = []
    for source in plan.checkpoints {
      let subject = try plan.load(source, avoiding: &taken)
      let contexts = try contexts(plan, subject, datasets, pool)
      lines += try describe(plan, subject, contexts, finished)
    }
    return lines + ["cache: \(plan.cache.folder)"]
  }

  private static func describe(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ contexts: [TaskContext],
    _ finished: (any FinishedResults)?
  ) throws -> [String] {
    var lines = [
      "\(subject.name): \(subject.encoderName), \(subject.format), "
        + "\(ProgressText.grouped(subject.parameterCount)) parameters"
    ]
    for context in contexts {
      let definition = context.definition
      let isDone = !plan.isFresh && finished?.result(for: context.resultKey) != nil
      let dataset = context.dataset
      lines.append(
        "  \(definition.name) (\(definition.protocolName)) on \(dataset.id): "
          + "\(ProgressText.grouped(dataset.train.count)) train, "
          + "\(ProgressText.grouped(dataset.test.count)) test images"
          + (isDone ? ", finished already" : ""))
    }
    return lines + (try passes(plan, subject, contexts, finished))
  }

  /// What the encoder has to do, with an estimate.
  private static func passes(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ contexts: [TaskContext],
    _ finished: (any FinishedResults)?
  ) throws -> [String] {
    let waiting = contexts.filter { context in
      plan.isFresh || finished?.result(for: context.resultKey) == nil
    }
    var lines: [String] = []
    var described: Set<String> = []
    for context in waiting where described.insert(context.dataset.fingerprint).inserted {
      for (name, split) in [("train", context.dataset.train), ("test", context.dataset.test)] {
        let missing = context.missingFeatures(split: name, images: split)
        guard !missing.isEmpty else {
          lines.append("  features of \(name): in the cache")
          continue
        }
        let seconds = try context.secondsPerImage(missing, split) * Double(split.count)
        let bytes = missing.reduce(0) { $0 + $1.bytesPerImage } * split.count
        lines.append(
          "  features of \(name): \(ProgressText.grouped(split.count)) images through the "
            + "encoder, about \(ProgressText.clock(seconds)), "
            + "\(ProgressText.grouped(max(1, bytes >> 20))) MB of cache")
      }
    }
    return lines
  }
}

extension TaskContext {
  /// How long an image takes, from the fastest of two rounds on the first images.
  fileprivate func secondsPerImage(
    _ features: [ResolvedFeature], _ split: any ImageSplit
  ) throws -> Double {
    guard split.count > 0 else { return 0 }
    let layer = features[0].request.layer
    let group = features.filter { $0.request.layer == layer }
    let extractor = FeatureExtractor(subject, pool: pool, precision: precision)
    let count = min(split.count, extractor.sliceSize * pool.threads)
    let buffers = FeatureBuffers(group, capacity: count)
    let seconds = try (0..<2).map { _ in
      try ContinuousClock().measure {
        try extractor.encode(
          count, into: buffers, advance: { _ in }, render: extractor.rendering(split))
      } / .seconds(1)
    }
    return (seconds.min() ?? 0) / Double(count)
  }
}
