import Encoders
import Foundation
import Support
import Tensors
import Training
import Vision

/// Everything that determines a pretraining run: a value, without weights.
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
  /// Learning rates and decay.
  package let optimizer: OptimizerSettings
  /// All settings with their defaults; equal settings give equal weights.
  package let resolved: JSON
  /// The encoder to train: architecture / patch @ input side.
  package let encoderName: String
  /// The name of the method, for people.
  package let method: String
  /// Classes of the labels that are learned from; nil where none are.
  package let classes: Int?
  /// The transform of evaluation that goes with the views.
  package let preprocessing: Preprocessing
  private let encoderWidth: Int

  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - fields: the file, with the command line's settings put in.
  ///   - name: how the recipe is called.
  ///   - describe: what a recipe has to know of the data of a specification.
  /// - Throws: `InputError` naming a key that is unknown or out of bounds, or parts that do not fit each other.
  package init(
    _ fields: Fields, name: String, describe: (String) throws -> RecipeData
  ) throws {
    self.name = name
    version = try fields.take("version", default: 1, in: 1..., "of the recipe")
    encoderName = try fields.take(
      "encoder", default: "vit-tiny/4@32", "architecture / patch @ input side")
    data = try fields.take("data", default: "scenes", "kind:path?option=value")
    epochs = try fields.take("epochs", default: 20, in: 1...100_000, "passes over the data")
    requestedBatchSize = try fields.take(
      "batch_size", default: 256, in: 1...65536, "examples of one step")
    let minimumSteps = try fields.take(
      "minimum_steps", default: 1, in: 1..., "steps of an epoch for which the batch is made smaller"
    )
    let described = try describe(data)
    batchSize = Self.fittingBatch(
      requestedBatchSize, images: described.images, minimumSteps: minimumSteps)
    seed = UInt64(try fields.take("seed", default: 0, in: 0..., "fixes every random choice"))
    let precisionName = try fields.takeChoice(
      "precision", of: Precision.allCases.map(\.rawValue), default: Precision.fp32.rawValue,
      "of matrix products")
    precision = Precision(rawValue: precisionName) ?? .fp32
    lanes = try fields.take(
      "lanes", default: DataParallel.usualLanes(batch: batchSize), in: 1...256,
      "accumulation lanes: the most workers that can help")
    let optimizerFields = try fields.takeFields("optimizer", "learning rates and decay")
    optimizer = try OptimizerSettings(optimizerFields)
    try optimizerFields.finish()
    // Declared, not drawn: this allocates no weights.
    let encoder = try EncoderCatalog.declare(encoderName)
    let objective = try PretrainingObjective(
      fields, encoder: encoder, classes: described.classes)
    try fields.finish()
    guard !objective.needsBatch || batchSize > 1 else {
      throw fields.error(
        at: "batch_size", "a loss that compares the images of a batch needs two or more",
        "raise batch_size, or give more images")
    }
    method = objective.method
    classes = objective.classes
    encoderWidth = encoder.width
    preprocessing =
      Preprocessing(
        side: encoder.side, interpolation: objective.interpolation,
        statistics: objective.statistics
      ).wholeWhenSmall
    resolved = fields.resolved
  }

  /// Reads a recipe without opening its data.
  ///
  /// - Parameter path: a YAML file.
  /// - Returns: the recipe, as for a data set of a thousand images in ten classes.
  /// - Throws: `InputError` with file and line when a key is unknown or out of bounds.
  package static func check(_ path: String) throws -> Recipe {
    try Recipe(Fields(contentsOf: path), name: path) { _ in RecipeData.example }
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

  /// How the loop trains on so many images.
  package func settings(images: Int) -> TrainingSettings {
    let steps = stepsPerEpoch(images: images)
    return TrainingSettings(
      epochs: epochs, batchSize: batchSize, seed: seed, lanes: lanes, precision: precision,
      optimizer: optimizer.kind,
      learningRate: optimizer.learningRate(peak: peakLearningRate, epochs: epochs, steps: steps),
      decayFactor: optimizer.decayFactor(steps: epochs * steps),
      gradientClip: optimizer.gradientClip)
  }

  /// The objective with fresh weights.
  ///
  /// - Parameter images: the training split.
  /// - Returns: what a loop trains.
  /// - Throws: `InputError` when the encoder cannot be made.
  package func objective(_ images: any ImageSplit) throws -> PretrainingObjective {
    let encoder = try EncoderCatalog.make(encoderName, seed: seed)
    let objective = try PretrainingObjective(
      Fields(json: resolved, file: name), encoder: encoder)
    objective.begin(
      images, seed: seed, steps: epochs * stepsPerEpoch(images: images.count),
      rules: optimizer.rules)
    return objective
  }

  /// What identifies the mask in reports; nil when nothing is masked.
  ///
  /// - Throws: as `init`, which it does not after that.
  package func maskFingerprint() throws -> JSON? { try declared().maskFingerprint }

  /// What one image costs, so that runs with other masks can be compared at known compute.
  ///
  /// - Throws: as `init`, which it does not after that.
  package func cost() throws -> PretrainingCost { try declared().cost }

  /// The objective without weights.
  private func declared() throws -> PretrainingObjective {
    try PretrainingObjective(
      Fields(json: resolved, file: name), encoder: EncoderCatalog.declare(encoderName))
  }

  /// Identifies recipe and data: equal ones give equal weights, and a run is resumed only by an
  /// equal one.
  package func fingerprint(of dataset: Dataset) -> String {
    SHA256.hex(of: "\(resolved.text(pretty: false)) \(dataset.fingerprint)")
  }

  /// The base rate times batch / base batch, times base width / width for encoders narrower than that.
  ///
  /// With Adam, the rate that suits a layer falls as 1 / width (Yang et al. 2021, "Tensor Programs
  /// V", table 3), so a rate that was published for one width is too low for narrower encoders.
  /// Wider ones keep it, as MAE's recipe does for ViT-L and ViT-H.
  package var peakLearningRate: Double {
    let narrowing = optimizer.baseWidth.map { max(1, Double($0) / Double(encoderWidth)) } ?? 1
    return optimizer.baseLearningRate * narrowing * Double(batchSize) / Double(optimizer.baseBatch)
  }
}
