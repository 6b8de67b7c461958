import Tensors

/// How an objective is trained.
package struct TrainingSettings: Sendable {
  /// Passes over the examples.
  package var epochs: Int
  /// Examples of a step.
  package var batchSize: Int
  /// Fixes the order of the examples.
  package var seed: UInt64
  /// Accumulation lanes; part of the result, since they decide the rounding.
  package var lanes: Int
  /// What matrix products read.
  package var precision: Precision
  package var optimizer: OptimizerKind
  package var learningRate: Schedule
  /// Multiplies the decay of each parameter.
  package var decayFactor: Schedule
  /// The largest norm of the gradient; 0 does not clip.
  package var gradientClip: Double

  /// Settings; decay stays as it is, and nothing is clipped, unless said otherwise.
  package init(
    epochs: Int, batchSize: Int, seed: UInt64, lanes: Int, precision: Precision,
    optimizer: OptimizerKind, learningRate: Schedule, decayFactor: Schedule = .constant(1),
    gradientClip: Double = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.seed = seed
    self.lanes = lanes
    self.precision = precision
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.decayFactor = decayFactor
    self.gradientClip = gradientClip
  }
}
