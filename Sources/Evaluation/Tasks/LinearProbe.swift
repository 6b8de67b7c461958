import Foundation
import Results
import Support
import Tensors
import Vision

/// A linear classifier on frozen features, as MAE and CAE train it.
///
/// Batch norm without gain and bias, then a linear layer, trained by LARS with a warm-up and half a
/// cosine. Where several learning rates or decays are given, the best on a part of the training
/// images is chosen, then one head is trained on all of them.
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
  package var splits: [String] { training.splits }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let run = try ProbeRun(context, training, reading: request)
    let input = try trainInput(context)
    func scores(_ heads: LinearHeads) -> ProbeRun.Score {
      { features, images in try heads.logits(CachedFeatures(features), examples: images) }
    }
    // Lanes hold gradients of their own.
    let bytes = context.dataset.classes.count * (input.width + 1) * 4 * (LinearHeads.lanes + 5)
    let search = try run.search(bytesPerHead: bytes) { settings, examples, advance in
      let heads = makeHeads(context, input.width, settings)
      try heads.train(
        input, labels: run.trainLabels, examples: examples, schedule: training.schedule,
        advance: advance)
      return scores(heads)
    }
    let head = makeHeads(context, input.width, [run.setting(of: search)])
    try run.refit { advance in
      try head.train(
        input, labels: run.trainLabels, schedule: training.schedule, advance: advance)
    }
    return try run.fitted(
      scores(head), search: search, headParameters: head.parameterCount)
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
    return CachedFeatures(try context.trainFeatures(request))
  }
}
