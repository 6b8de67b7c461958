import Encoders
import Foundation
import Results
import Support
import Tensors
import Vision

/// One cross-attention with a learned query and a linear layer on frozen tokens.
///
/// Chen et al. 2024. It reads what a mean or a class token loses, and costs four times the square of the width in
/// parameters, which the result reports. Trained by SGD with a warm-up and half a cosine; the batch
/// norm behind the attention sees the whole batch. Hyper-parameters are chosen as in the linear probe.
package struct AttentiveProbe: Task {
  package static let kind = "attentive_probe"
  package static let summary = "cross-attention and linear classifier on frozen tokens"

  private let request: FeatureRequest
  private let training: ProbeTraining
  private let momentum: Double
  private let heads: Int?

  package init(fields: Fields) throws {
    request = FeatureRequest(
      .tokens,
      layer: try fields.takeOptional(
        "layer", in: 1...1000, "block whose output is read; the end when absent"))
    training = try ProbeTraining(fields: fields)
    momentum = try fields.take("momentum", default: 0.9, in: 0...0.9999, "of SGD")
    heads = try fields.takeOptional(
      "heads", in: 1...256, "attention heads; those of the encoder when absent")
  }

  package var features: [FeatureRequest] { training.augmentation == nil ? [request] : [] }
  package var splits: [String] { training.splits }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let run = try ProbeRun(context, training, reading: request)
    let input = try trainInput(context)
    func scores(_ heads: AttentiveHeads) -> ProbeRun.Score {
      { features, images in try heads.logits(MemoryTokens(features), examples: images) }
    }
    let width = try context.subject.resolve(request).width
    let rows = context.dataset.classes.count + 4 * width
    let bytes = 4 * (rows * width * 3 + training.schedule.batchSize * context.dataset.classes.count)
    let search = try run.search(bytesPerHead: bytes) { settings, examples, advance in
      let heads = try makeHeads(context, settings)
      try heads.train(
        input, labels: run.trainLabels, examples: examples, schedule: training.schedule,
        advance: advance)
      return scores(heads)
    }
    let head = try makeHeads(context, [run.setting(of: search)])
    try run.refit { advance in
      try head.train(
        input, labels: run.trainLabels, schedule: training.schedule, advance: advance)
    }
    return try run.fitted(
      scores(head), search: search, headParameters: head.parameterCount)
  }

  private func makeHeads(
    _ context: TaskContext, _ settings: [LinearHeads.Setting]
  ) throws -> AttentiveHeads {
    let feature = try context.subject.resolve(request)
    let count = heads ?? Self.usualHeads(context.subject, width: feature.width)
    guard feature.width % count == 0 else {
      throw InputError(
        context.definition.name, "\(count) heads do not divide width \(feature.width)",
        "set heads to a divisor of it")
    }
    return AttentiveHeads(
      tokens: feature.tokens, width: feature.width, heads: count,
      classes: context.dataset.classes.count, settings: settings, momentum: momentum,
      seed: context.seed, pool: context.pool)
  }

  /// The encoder's own number of heads; without a transformer, heads about 64 wide, at least 3.
  private static func usualHeads(_ subject: EvaluationSubject, width: Int) -> Int {
    if let heads = subject.encoder?.attentionHeads { return heads }
    return (1...max(3, width / 64)).last { width % $0 == 0 } ?? 1
  }

  /// What heads learn from: cached tokens, or those of images that are augmented anew.
  private func trainInput(_ context: TaskContext) throws -> any TokenInput {
    if let augmentation = training.augmentation {
      return try AugmentedFeatures(context, request, augmentation)
    }
    return MemoryTokens(try context.trainFeatures(request))
  }
}
