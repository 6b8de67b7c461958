import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Everything that determines a pretraining run: method, encoder, data, views, optimiser.
///
/// Read from a YAML file in `tasks/pretrain`; what the command line sets is put in before it is read.
package struct Recipe: Sendable {
  /// The recipe's name, for reports.
  package let name: String
  /// Raised whenever a change makes results incomparable with earlier ones.
  package let version: Int
  /// The specification of the data set, `kind:path?option=value`.
  package let data: String
  /// Passes over the training split.
  package let epochs: Int
  /// Examples of one step, after `minimum_steps` was heeded.
  package let batchSize: Int
  /// The batch size that the file asks for.
  package let requestedBatchSize: Int
  /// Fixes weights, order, views and masks.
  package let seed: UInt64
  /// What matrix products read.
  package let precision: Precision
  /// Accumulation lanes; part of the result, since they decide the rounding.
  package let lanes: Int
  /// How an image becomes a view.
  package let view: TrainingAugmentation
  /// Learning rates and decay.
  package let optimizer: OptimizerSettings
  /// All settings with their defaults; equal settings give equal weights.
  package let resolved: JSON
  /// The encoder to train.
  package let encoder: VisionTransformer
  /// The loss and its parts.
  package let method: any PretrainingMethod

  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - fields: the file, with the command line's settings put in.
  ///   - name: how the recipe is called.
  ///   - imageCount: how many images the data set of a specification has.
  /// - Throws: `InputError` naming a key that is unknown or out of bounds.
  package init(
    _ fields: Fields, name: String, imageCount: (String) throws -> Int
  ) throws {
    self.name = name
    let kind = try fields.takeChoice(
      "method", of: allMethods.map { $0.kind }, default: MaskedAutoencoder.kind,
      "how the encoder is trained")
    version = try fields.take("version", default: 1, in: 1..., "of the recipe")
    let encoderName = try fields.take(
      "encoder", default: "vit-tiny/4@32", "architecture / patch @ input side")
    data = try fields.take("data", default: "scenes", "kind:path?option=value")
    epochs = try fields.take("epochs", default: 20, in: 1...100_000, "passes over the data")
    requestedBatchSize = try fields.take(
      "batch_size", default: 256, in: 1...65536, "examples of one step")
    let minimumSteps = try fields.take(
      "minimum_steps", default: 1, in: 1..., "steps of an epoch for which the batch is made smaller"
    )
    let images = try imageCount(data)
    batchSize = Self.fittingBatch(requestedBatchSize, images: images, minimumSteps: minimumSteps)
    seed = UInt64(try fields.take("seed", default: 0, in: 0..., "fixes every random choice"))
    let precisionName = try fields.takeChoice(
      "precision", of: Precision.allCases.map(\.rawValue), default: Precision.fp32.rawValue,
      "of matrix products")
    precision = Precision(rawValue: precisionName) ?? .fp32
    lanes = try fields.take(
      "lanes", default: DataParallel.usualLanes(batch: batchSize), in: 1...256,
      "accumulation lanes: the most workers that can help")
    encoder = try VisionTransformer(named: encoderName)
    encoder.initialize(seed: seed)
    let viewFields = try fields.takeFields("view", "how an image becomes a view")
    view = try TrainingAugmentation(viewFields, side: encoder.side)
    try viewFields.finish()
    let optimizerFields = try fields.takeFields("optimizer", "learning rates and decay")
    optimizer = try OptimizerSettings(optimizerFields)
    try optimizerFields.finish()
    guard let type = allMethods.first(where: { $0.kind == kind }) else {
      throw fields.error(at: "method", "there is no method '\(kind)'")
    }
    method = try type.init(fields, encoder: encoder, seed: seed)
    try fields.finish()
    resolved = fields.resolved
  }

  /// The wanted batch, halved until an epoch has `minimumSteps` steps (but not below 32).
  ///
  /// Batches of thousands suit millions of images; a small set would take a handful of steps.
  static func fittingBatch(_ wanted: Int, images: Int, minimumSteps: Int) -> Int {
    var batch = wanted
    while batch > 32 && images / batch < minimumSteps { batch /= 2 }
    return max(1, min(batch, images))
  }

  /// Steps of one epoch; the incomplete last batch is dropped, as is usual.
  package func stepsPerEpoch(images: Int) -> Int { max(1, images / batchSize) }

  /// The learning rate of each step.
  package func schedule(images: Int) -> WarmUpCosine {
    let steps = stepsPerEpoch(images: images)
    let warmUp = min(optimizer.warmUpEpochs, optimizer.warmUpShare * Double(epochs))
    return WarmUpCosine(
      peak: peakLearningRate, floor: optimizer.minimumLearningRate,
      warmUp: Int((warmUp * Double(steps)).rounded()), total: epochs * steps)
  }

  /// Identifies recipe and data: equal ones give equal weights, and a run is resumed only by an
  /// equal one.
  package func fingerprint(of dataset: Dataset) -> String {
    SHA256.hex(of: "\(resolved.text(pretty: false)) \(dataset.fingerprint)")
  }

  /// The base rate times batch / 256, times base width / width for encoders narrower than that.
  ///
  /// With Adam, the rate that suits a layer falls as 1 / width (Yang et al. 2021, "Tensor Programs
  /// V", table 3), so a rate that was published for one width is too low for narrower encoders.
  /// Wider ones keep it, as MAE's recipe does for ViT-L and ViT-H.
  package var peakLearningRate: Double {
    let narrowing = optimizer.baseWidth.map { max(1, Double($0) / Double(encoder.width)) } ?? 1
    return optimizer.baseLearningRate * narrowing * Double(batchSize) / 256
  }

  /// The transform of evaluation that goes with the views.
  package var preprocessing: Preprocessing {
    Preprocessing(
      side: encoder.side, interpolation: view.interpolation, statistics: view.statistics
    ).wholeWhenSmall
  }
}

/// The optimiser's part of a recipe; AdamW, as all methods of the catalogue use.
package struct OptimizerSettings: Sendable {
  /// The rate for a batch of 256.
  package let baseLearningRate: Double
  /// The encoder's width that the base rate is for; nil when it is for the recipe's own.
  package let baseWidth: Int?
  package let minimumLearningRate: Double
  package let warmUpEpochs: Double
  /// The warm-up is never longer than this share of all epochs.
  package let warmUpShare: Double
  package let betas: (Double, Double)
  package let epsilon: Double
  package let weightDecay: Double
  /// Largest norm of the gradient; 0 does not clip.
  package let gradientClip: Double

  init(_ fields: Fields) throws {
    baseLearningRate = try fields.take(
      "base_learning_rate", default: 1.5e-4, in: 0...10, "for a batch of 256")
    baseWidth = try fields.takeOptional(
      "base_width", in: 1...100_000,
      "width that the base rate is for; narrower encoders get a rate in inverse proportion")
    minimumLearningRate = try fields.take(
      "minimum_learning_rate", default: 0.0, in: 0...10, "at the end")
    warmUpEpochs = try fields.take("warm_up_epochs", default: 40.0, in: 0..., "from a rate of 0")
    warmUpShare = try fields.take(
      "warm_up_share", default: 0.1, in: 0...1, "longest warm-up as a share of all epochs")
    let beta1 = try fields.take("beta1", default: 0.9, in: 0...0.99999, "of the mean gradient")
    let beta2 = try fields.take("beta2", default: 0.95, in: 0...0.999999, "of its square")
    betas = (beta1, beta2)
    epsilon = try fields.take("epsilon", default: 1e-8, in: 1e-12...1, "added to the root")
    weightDecay = try fields.take(
      "weight_decay", default: 0.05, in: 0...10, "decoupled; none on one-dimensional weights")
    gradientClip = try fields.take(
      "gradient_clip", default: 0.0, in: 0..., "largest norm of the gradient; 0 does not clip")
  }
}
