import Foundation
import Results
import Support
import Tensors
import Vision

extension EvaluationRun {
  /// What a plan would do, in lines for people; computes nothing but one slice of images for each
  /// encoder, to estimate the time.
  ///
  /// - Parameters:
  ///   - plan: what to do.
  ///   - finished: keeps results.
  /// - Returns: for each checkpoint a line, then one for each task, and the cache's folder.
  /// - Throws: `InputError` when the data or a checkpoint is unusable.
  package static func describe(
    _ plan: EvaluationPlan, finished: KeptResults? = nil
  ) throws -> [String] {
    let datasets = try plan.openDatasets()
    let pool = WorkerPool(threads: plan.threads)
    defer { pool.close() }
    var lines: [String] = []
    for planned in try plan.planned() {
      let subject = try plan.load(planned)
      try plan.admit(subject, planned.folder)
      let contexts = try contexts(plan, subject, datasets, pool)
      lines += try describe(plan, subject, contexts, finished)
    }
    return lines + ["cache: \(plan.cache.folder)"]
  }

  private static func describe(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ contexts: [TaskContext],
    _ finished: KeptResults?
  ) throws -> [String] {
    var lines = [
      "\(subject.name): \(subject.encoderName), \(subject.format), "
        + "\(ProgressText.grouped(subject.parameterCount)) parameters"
    ]
    for context in contexts {
      let definition = context.definition
      let isDone = !plan.isFresh && finished?.result(for: context.resultKey) != nil
      let images = definition.task.splits.compactMap { name in
        context.dataset.splitSizes[name].map { "\(ProgressText.grouped($0)) \(name)" }
      }
      let what = "  \(definition.name) (\(definition.protocolName)) on \(context.dataset.id): "
      do {
        try context.checkApplies()
        lines.append(
          what + images.joined(separator: ", ") + " images" + (isDone ? ", finished already" : ""))
      } catch {
        lines.append(what + "does not apply: \(Log.line(for: error))")
      }
    }
    return lines + (try passes(plan, subject, contexts, finished))
  }

  /// What the encoder has to do, with an estimate.
  private static func passes(
    _ plan: EvaluationPlan, _ subject: EvaluationSubject, _ contexts: [TaskContext],
    _ finished: KeptResults?
  ) throws -> [String] {
    let waiting = contexts.filter { context in
      (plan.isFresh || finished?.result(for: context.resultKey) == nil)
        && (try? context.checkApplies()) != nil
    }
    var lines: [String] = []
    var described: Set<String> = []
    for context in waiting where described.insert(context.dataset.fingerprint).inserted {
      let data = context.dataset.fingerprint
      let read = Set(
        waiting.filter { $0.dataset.fingerprint == data }.flatMap { $0.definition.task.splits })
      for (name, split) in context.dataset.splits where read.contains(name) {
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
    return try lines + waiting.compactMap { try $0.spoiltPasses() }
  }
}

extension TaskContext {
  /// What the encoder has to do for spoilt images, which are not kept; nil when there are none.
  fileprivate func spoiltPasses() throws -> String? {
    let sets = definition.task.sets.filter(\.isTransient)
    guard let first = sets.first else { return nil }
    let images = try self.images(of: first)
    let features = try definition.task.features.map { try subject.resolve($0) }
    let seconds = try secondsPerImage(features, images) * Double(sets.count * images.count)
    return "  \(definition.name): \(sets.count) spoilt copies of "
      + "\(ProgressText.grouped(images.count)) images through the encoder, about "
      + "\(ProgressText.clock(seconds)), nothing kept"
  }

  /// How long an image takes, from the fastest of two rounds on the first images.
  fileprivate func secondsPerImage(
    _ features: [ResolvedFeature], _ split: any ImageSplit
  ) throws -> Double {
    guard split.count > 0 else { return 0 }
    let extractor = FeatureExtractor(subject, pool: pool, precision: precision)
    let count = min(split.count, extractor.sliceSize * pool.threads)
    let buffers = FeatureBuffers(features, capacity: count)
    let seconds = try (0..<2).map { _ in
      try ContinuousClock().measure {
        try unsafe extractor.encode(
          count, into: buffers, advance: { _ in }, render: extractor.rendering(split))
      } / .seconds(1)
    }
    return (seconds.min() ?? 0) / Double(count)
  }
}
