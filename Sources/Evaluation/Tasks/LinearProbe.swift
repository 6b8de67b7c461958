import Foundation
import Support
import Tensors
import Vision

/// A linear classifier on frozen features, as MAE and CAE train it.
///
/// Batch norm without gain and bias, then a linear layer, trained by LARS with a warm-up and half a
/// cosine. Where several learning rates or decays are given, the best on a part of the training
/// images is chosen, then one head is trained on all of them and tested once.
package struct LinearProbe: Task {
  package static let kind = "linear_probe"
  package static let summary = "linear classifier on frozen features"

  private let request: FeatureRequest
  private let training: ProbeTraining
  private let momentum: Double
  private let trust: Double
  private let epsilon: Double

  package init(fields: Fields) throws {
    request = try FeatureRequest(fields: fields)
    training = try ProbeTraining(fields: fields)
    momentum = try fields.take("momentum", default: 0.9, in: 0...0.9999, "of LARS")
    trust = try fields.take(
      "trust", default: 0.001, in: .leastNonzeroMagnitude...1, "trust coefficient of LARS")
    epsilon = try fields.take(
      "norm_epsilon", default: 1e-6, in: .leastNonzeroMagnitude...1,
      "added to the variance in the batch norm")
  }

  package var features: [FeatureRequest] { training.augmentation == nil ? [request] : [] }

  package func run(_ context: TaskContext) throws -> TaskResult {
    let start = Date()
    let run = try ProbeRun(context, training, reading: request)
    var result = try run.blankResult()
    let input = try trainInput(context)
    let search = try run.search { settings, examples, validation, advance in
      let heads = makeHeads(context, input.width, settings)
      try heads.train(
        input, labels: run.trainLabels, examples: examples, schedule: training.schedule,
        advance: advance)
      return try heads.logits(evaluationInput(context), examples: validation)
    }
    let chosen = run.setting(of: search)
    let head = makeHeads(context, input.width, [chosen])
    try run.refit { advance in
      try head.train(
        input, labels: run.trainLabels, schedule: training.schedule, advance: advance)
    }
    let test = try context.testFeatures(request)
    let scores = try head.logits(
      MemoryFeatures(test.floats, count: test.count, width: test.width))
    run.finish(&result, scores: scores, search: search, headParameters: head.parameterCount)
    result.timing = context.timing(since: start)
    return result
  }

  private func makeHeads(
    _ context: TaskContext, _ width: Int, _ settings: [LinearHeads.Setting]
  ) -> LinearHeads {
    LinearHeads(
      width: width, classes: context.dataset.classes.count, settings: settings, epsilon: epsilon,
      momentum: momentum, trust: trust, seed: context.seed, pool: context.pool)
  }

  /// What heads learn from: cached features, or those of images that are augmented anew.
  private func trainInput(_ context: TaskContext) throws -> any HeadInput {
    if let augmentation = training.augmentation {
      return try AugmentedFeatures(context, request, augmentation)
    }
    return try evaluationInput(context)
  }

  private func evaluationInput(_ context: TaskContext) throws -> any HeadInput {
    let train = try context.trainFeatures(request)
    return CachedFeatures(train)
  }
}
