import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Training
import Vision

/// Runs a recipe: the training loop, its progress, its checkpoints, resuming.
package final class Trainer {
  private let recipe: Recipe
  private let dataset: Dataset
  private let folder: CheckpointFolder
  private let log: EventLog?
  private let maskFingerprint: JSON?
  private let loop: TrainingLoop<PretrainingObjective>
  private var lastSave = (time: Date(), seconds: 0.0)
  private var resumed = ContinuousClock.now

  /// Wall-clock seconds of training until the last save, those before an interruption included.
  package var seconds: Double { loop.state.seconds }

  /// Identifies recipe and data: a state is resumed only by an equal one.
  private let fingerprint: String

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - recipe: what to do.
  ///   - dataset: whose training split is used; labels are read where a target is made of them.
  ///   - folder: where the checkpoint goes.
  ///   - pool: the workers.
  ///   - log: receives the scalars of each step.
  /// - Throws: `InputError` when the encoder cannot be made.
  package init(
    _ recipe: Recipe, dataset: Dataset, folder: CheckpointFolder, pool: WorkerPool,
    log: EventLog? = nil
  ) throws {
    self.recipe = recipe
    self.dataset = dataset
    self.folder = folder
    self.log = log
    maskFingerprint = try recipe.maskFingerprint()
    loop = TrainingLoop(
      try recipe.objective(dataset.train), settings: recipe.settings(images: dataset.train.count),
      examples: dataset.train.count, pool: pool)
    fingerprint = recipe.fingerprint(of: dataset)
  }

  /// Trains to the end, from the beginning or from the last saved step.
  ///
  /// - Parameter resume: whether to go on from `state.safetensors`, when there is one.
  /// - Returns: the mean loss of the last epoch.
  /// - Throws: `InputError` when an image or the folder is unusable, another run uses the folder, or
  ///   the loss is not finite; the last saved checkpoint stays.
  @discardableResult
  package func run(resume: Bool) throws -> Double {
    try recipe.precision.check()
    return try FolderLock.holding(folder.path) {
      try Interruption.saving {
        if resume, FileSystem.exists(folder.statePath) {
          try loop.restore(from: folder.statePath, fingerprint: fingerprint)
          Log.note("resuming \(folder.path) after step \(loop.state.step) of \(loop.totalSteps)")
        }
        return try train()
      }
    }
  }

  private func train() throws -> Double {
    resumed = .now
    try log?.begin(after: loop.state.step, total: loop.totalSteps)
    let batch = recipe.batchSize
    let meter = ProgressMeter(
      "pretraining \(recipe.name)", total: (loop.totalSteps - loop.state.step) * batch,
      unit: "images")
    let loss = try loop.run(folder.path) { step in
      try log?.record(
        step: step.count, loss: step.loss, learningRate: step.learningRate, batch: batch)
      meter.advance(by: batch, note: String(format: "loss %.4f", step.loss))
      try saveWhenDue()
    }
    meter.finish()
    try save()
    return loss
  }

  /// Saves so often that saving takes about a fiftieth of the time, and at least every minute; and
  /// when the process is asked to end, which it then does.
  private func saveWhenDue() throws {
    if Interruption.isRequested {
      try save()
      Interruption.hasSaved()
    }
    let wait = max(3, min(60, 50 * lastSave.seconds))
    if loop.state.step < loop.totalSteps, -lastSave.time.timeIntervalSinceNow >= wait {
      try save()
    }
  }

  private func save() throws {
    try MappedFile.checkAllUnchanged()
    let start = Date()
    let now = ContinuousClock.now
    let passed = (now - resumed) / .seconds(1)
    resumed = now
    let objective = loop.objective
    try folder.write(
      objective.encoder, preprocessing: recipe.preprocessing, heads: objective.parameters,
      training: record())
    try loop.save(to: folder.statePath, fingerprint: fingerprint, seconds: passed)
    lastSave = (Date(), -start.timeIntervalSinceNow)
  }

  /// `training.json`: what was done, so that reports can say it.
  private func record() -> JSON {
    [
      "schema": "unmask.training/1",
      "recipe": .string(recipe.name), "version": .integer(recipe.version),
      "method": .string(recipe.method),
      "configuration": recipe.resolved,
      "fingerprint": .string(fingerprint),
      "encoder": .string(recipe.encoderName),
      "mask": maskFingerprint ?? .null,
      "labels_used": .bool(loop.objective.readsLabels),
      "data": [
        "id": .string(dataset.id), "specification": .string(recipe.data),
        "fingerprint": .string(dataset.fingerprint), "images": .integer(dataset.train.count),
        "limit": dataset.limit.map { .integer($0) } ?? .null,
      ],
      "seed": Int(exactly: recipe.seed).map { .integer($0) } ?? .null,
      "precision": .string(recipe.precision.rawValue),
      "lanes": .integer(recipe.lanes),
      "batch_size": .integer(recipe.batchSize),
      "peak_learning_rate": .number(recipe.peakLearningRate),
      "epochs": .integer(recipe.epochs), "steps": .integer(loop.totalSteps),
      "steps_done": .integer(loop.state.step),
      "epochs_done": .integer(loop.state.step / loop.stepsPerEpoch),
      "curve": .array(loop.state.curve.pointsJSON),
    ]
  }
}
