import Foundation
import Support
import Tensors

/// The training loop: steps over batches in a seeded order, with whatever an objective trains.
///
/// Everything that steps depend on is a function of the settings, the seed and the number of the step, so a run that
/// goes on from a state ends with the same bits, for any number of threads.
package final class TrainingLoop<Goal: Objective> {
  /// What one step did.
  package struct Step {
    /// Steps done, this one included.
    package let count: Int
    package let loss: Double
    /// Before clipping.
    package let gradientNorm: Double
    package let learningRate: Double
    /// Whether it was the last of an epoch.
    package let endsEpoch: Bool
  }

  package let objective: Goal
  package let settings: TrainingSettings
  /// How far it came.
  package private(set) var state = TrainingState()
  /// Steps of an epoch; the incomplete last batch is dropped, as is usual.
  package let stepsPerEpoch: Int
  private let examples: Int
  private let pool: WorkerPool
  private let parallel: DataParallel
  private let networks: [TrainedNetwork]
  private let optimizers: [(store: ParameterStore, optimizer: any Optimizer)]

  /// Prepares to train.
  ///
  /// - Parameters:
  ///   - objective: what is trained.
  ///   - settings: how.
  ///   - examples: how many there are.
  ///   - pool: the workers.
  package init(_ objective: Goal, settings: TrainingSettings, examples: Int, pool: WorkerPool) {
    self.objective = objective
    self.settings = settings
    self.examples = examples
    self.pool = pool
    stepsPerEpoch = max(1, examples / settings.batchSize)
    networks = objective.networks
    optimizers = networks.compactMap { network in
      guard case .trained(let rule) = network.policy else { return nil }
      return (network.store, settings.optimizer.make(network.store, rule: rule))
    }
    parallel = DataParallel(
      pool: pool, stores: optimizers.map(\.store), lanes: settings.lanes,
      precision: settings.precision)
  }

  /// Steps of the whole run.
  package var totalSteps: Int { settings.epochs * stepsPerEpoch }

  /// What a state file holds of the networks: their weights, and what their optimisers remember.
  private var contents: [TrainingState.Network] {
    networks.map { network in
      TrainingState.Network(
        name: network.name, store: network.store,
        optimizer: optimizers.first { $0.store === network.store }?.optimizer)
    }
  }

  /// Goes on from a state.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - fingerprint: what settings and data must be.
  /// - Throws: `InputError` when the file is damaged or belongs to another run.
  package func restore(from path: String, fingerprint: String) throws {
    state = try TrainingState(
      from: path, networks: contents, fingerprint: fingerprint,
      schedule: (totalSteps, stepsPerEpoch))
    // Earlier versions saved between the last step of an epoch and its end.
    if state.curve.isFull(epoch: stepsPerEpoch) { endEpoch() }
  }

  /// Writes the state.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - fingerprint: identifies settings and data.
  ///   - seconds: that training took since the state before.
  /// - Throws: `InputError` when the place is unwritable or full.
  package func save(to path: String, fingerprint: String, seconds: Double) throws {
    state.seconds += seconds
    try state.write(to: path, networks: contents, fingerprint: fingerprint)
  }

  /// Trains to the end.
  ///
  /// - Parameters:
  ///   - subject: what messages are about: a folder, a task.
  ///   - afterStep: called after each step; may save the state.
  /// - Returns: the mean loss of the last epoch.
  /// - Throws: `InputError` when an example is unusable or the loss is not finite, and what `afterStep` throws.
  @discardableResult
  package func run(_ subject: String, afterStep: (Step) throws -> Void = { _ in }) throws -> Double
  {
    for network in networks where settings.precision == .bf16 { network.store.refreshBfloat16() }
    while state.step < totalSteps {
      let epoch = state.step / stepsPerEpoch
      let order = order(of: epoch)
      while state.step < (epoch + 1) * stepsPerEpoch {
        let first = state.step % stepsPerEpoch * settings.batchSize
        try afterStep(
          step(
            TrainingBatch(
              samples: Array(order[first..<first + settings.batchSize]), epoch: epoch,
              step: state.step, seed: settings.seed), subject))
      }
    }
    return state.curve.points.last?.loss ?? .nan
  }

  /// The order in which an epoch visits the examples.
  private func order(of epoch: Int) -> [Int] {
    var random = RandomStream(seed: settings.seed, purpose: "order", epoch)
    return random.permutation(examples)
  }

  private func step(_ batch: TrainingBatch, _ subject: String) throws -> Step {
    let objective = objective
    let plan = try objective.plan(batch)
    let loss = try parallel.step(
      batch: batch.samples.count, slice: objective.sliceSize,
      combining: objective.combining(batch, plan)
    ) { try objective.terms(of: $1, in: batch, plan, $0) }
    let norm = parallel.gradientNorm()
    guard loss.isFinite, norm.isFinite else {
      throw InputError(
        subject, "the loss is \(loss) and the gradient \(norm) at step \(state.step + 1)",
        "the last saved checkpoint is kept; lower optimizer.base_learning_rate or use fp32")
    }
    let clip = settings.gradientClip
    if clip > 0, norm > clip { parallel.scaleGradients(by: Float(clip / norm)) }
    let rate = settings.learningRate.value(at: state.step)
    let decay = settings.decayFactor.value(at: state.step)
    for (_, optimizer) in optimizers {
      optimizer.step(learningRate: rate, decayFactor: decay, pool: pool)
    }
    followAverages()
    state.step += 1
    state.curve.add(loss: loss, gradientNorm: norm)
    // Before anything is saved: a run that goes on from there must find the epoch closed.
    let endsEpoch = state.step % stepsPerEpoch == 0
    if endsEpoch { endEpoch() }
    return Step(
      count: state.step, loss: loss, gradientNorm: norm, learningRate: rate, endsEpoch: endsEpoch)
  }

  /// Moves the teachers.
  private func followAverages() {
    for network in networks {
      guard case .average(let other, let momentum) = network.policy else { continue }
      network.store.approach(other, share: Float(1 - momentum.value(at: state.step)), pool: pool)
    }
  }

  /// Closes the epoch whose last step was done.
  private func endEpoch() {
    state.curve.endEpoch(
      state.step / stepsPerEpoch, learningRate: settings.learningRate.value(at: state.step - 1))
  }
}
