import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Training
import Vision

/// Runs a recipe: steps, checkpoints, resuming.
package final class Trainer {
  private let recipe: Recipe
  private let dataset: Dataset
  private let folder: CheckpointFolder
  private let pool: WorkerPool
  private let log: EventLog?
  private let parallel: DataParallel
  private let stores: [(name: String, store: ParameterStore)]
  private let optimizers: [any Optimizer]
  private let schedule: WarmUpCosine
  private var state = TrainingState()
  private var lastSave = (time: Date(), seconds: 0.0)
  private var resumed = ContinuousClock.now

  /// Wall-clock seconds of training until the last save, those before an interruption included.
  package var seconds: Double { state.seconds }

  /// Identifies recipe and data: a state is resumed only by an equal one.
  private let fingerprint: String

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - recipe: what to do.
  ///   - dataset: whose training split is used; labels are not read.
  ///   - folder: where the checkpoint goes.
  ///   - pool: the workers.
  ///   - log: receives the scalars of each step.
  package init(
    _ recipe: Recipe, dataset: Dataset, folder: CheckpointFolder, pool: WorkerPool,
    log: EventLog? = nil
  ) {
    self.recipe = recipe
    self.dataset = dataset
    self.folder = folder
    self.pool = pool
    self.log = log
    stores = [("encoder", recipe.encoder.parameters), ("method", recipe.method.parameters)]
    parallel = DataParallel(
      pool: pool, stores: stores.map(\.store), lanes: recipe.lanes, precision: recipe.precision)
    let settings = recipe.optimizer
    optimizers = stores.map {
      AdamW(
        $0.store, betas: settings.betas, epsilon: settings.epsilon,
        rule: ParameterRule.usual(decay: settings.weightDecay))
    }
    schedule = recipe.schedule(images: dataset.train.count)
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
        if resume, FileSystem.exists(folder.statePath) { try restore() }
        return try train()
      }
    }
  }

  private var stepsPerEpoch: Int { recipe.stepsPerEpoch(images: dataset.train.count) }

  private func restore() throws {
    state = try TrainingState(
      from: folder.statePath, stores: stores, optimizers: optimizers, fingerprint: fingerprint,
      schedule: (schedule.total, stepsPerEpoch))
    // Earlier versions saved between the last step of an epoch and its end.
    if state.curve.isFull(epoch: stepsPerEpoch) { endEpoch() }
    Log.note("resuming \(folder.path) after step \(state.step) of \(schedule.total)")
  }

  private func train() throws -> Double {
    resumed = .now
    try log?.begin(after: state.step, total: schedule.total)
    for (_, store) in stores where recipe.precision == .bf16 { store.refreshBfloat16() }
    let steps = stepsPerEpoch
    let meter = ProgressMeter(
      "pretraining \(recipe.name)", total: (schedule.total - state.step) * recipe.batchSize,
      unit: "images")
    while state.step < schedule.total {
      let epoch = state.step / steps
      let order = sampleOrder(epoch: epoch)
      while state.step < (epoch + 1) * steps {
        let first = state.step % steps * recipe.batchSize
        let loss = try step(samples: Array(order[first..<first + recipe.batchSize]), epoch: epoch)
        meter.advance(by: recipe.batchSize, note: String(format: "loss %.4f", loss))
        // Before anything is saved: a run that goes on from here must find the epoch closed.
        if state.step % steps == 0 { endEpoch() }
        try saveWhenDue()
      }
    }
    meter.finish()
    try save()
    return state.curve.points.last?.loss ?? .nan
  }

  /// Closes the epoch whose last step was done.
  private func endEpoch() {
    state.curve.endEpoch(
      state.step / stepsPerEpoch, learningRate: schedule.learningRate(at: state.step - 1))
  }

  /// The order in which an epoch visits the images.
  private func sampleOrder(epoch: Int) -> [Int] {
    var random = RandomStream(seed: recipe.seed, purpose: "order", epoch)
    return random.permutation(dataset.train.count)
  }

  private func step(samples: [Int], epoch: Int) throws -> Double {
    let (recipe, images, view) = (recipe, dataset.train, recipe.view)
    let tokens = recipe.encoder.tokenCount
    let loss = try parallel.step(batch: samples.count, slice: max(1, 2176 / tokens)) {
      graph, range in
      let part = Array(samples[range])
      let node = try graph.constant([part.count, 3, view.side, view.side]) { planes in
        for (index, sample) in part.enumerated() {
          var random = RandomStream(seed: recipe.seed, purpose: "view", epoch, sample)
          view.render(
            try images.image(at: sample), random: &random, into: planes + index * view.count)
        }
      }
      return recipe.method.loss(
        of: PretrainingSlice(
          images: node, samples: part, epoch: epoch, batch: samples.count, seed: recipe.seed),
        in: graph)
    }
    let norm = parallel.gradientNorm()
    guard loss.isFinite, norm.isFinite else {
      throw InputError(
        folder.path, "the loss is \(loss) and the gradient \(norm) at step \(state.step + 1)",
        "the last saved checkpoint is kept; lower optimizer.base_learning_rate or use fp32")
    }
    let clip = recipe.optimizer.gradientClip
    if clip > 0, norm > clip { parallel.scaleGradients(by: Float(clip / norm)) }
    let rate = schedule.learningRate(at: state.step)
    for optimizer in optimizers { optimizer.step(learningRate: rate, pool: pool) }
    state.step += 1
    state.curve.add(loss: loss, gradientNorm: norm)
    try log?.record(step: state.step, loss: loss, learningRate: rate, batch: samples.count)
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
    if state.step < schedule.total, -lastSave.time.timeIntervalSinceNow >= wait { try save() }
  }

  private func save() throws {
    try MappedFile.checkAllUnchanged()
    let start = Date()
    let now = ContinuousClock.now
    state.seconds += (now - resumed) / .seconds(1)
    resumed = now
    try folder.write(
      recipe.encoder, preprocessing: recipe.preprocessing, heads: recipe.method.parameters,
      training: record())
    try state.write(
      to: folder.statePath, stores: stores, optimizers: optimizers, fingerprint: fingerprint)
    lastSave = (Date(), -start.timeIntervalSinceNow)
  }

  /// `training.json`: what was done, so that reports can say it.
  private func record() -> JSON {
    [
      "schema": "unmask.training/1",
      "recipe": .string(recipe.name), "version": .integer(recipe.version),
      "method": .string(type(of: recipe.method).kind),
      "configuration": recipe.resolved,
      "fingerprint": .string(fingerprint),
      "encoder": .string(recipe.encoder.name),
      "mask": recipe.method.maskFingerprint ?? .null,
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
      "epochs": .integer(recipe.epochs), "steps": .integer(schedule.total),
      "steps_done": .integer(state.step), "epochs_done": .integer(state.step / stepsPerEpoch),
      "curve": .array(state.curve.pointsJSON),
    ]
  }
}
