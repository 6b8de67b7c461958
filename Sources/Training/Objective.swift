import Tensors

/// What is trained, and towards what: pretraining, the head of a probe, a dense head, fine-tuning.
///
/// A step asks for the plan of its batch once, then for the terms of parts of it on any worker.
package protocol Objective: Sendable {
  /// What is drawn once for a whole batch, such as masks, so that means over the batch are known.
  associatedtype Plan: Sendable

  /// The networks that steps change.
  var networks: [TrainedNetwork] { get }
  /// At most this many examples pass through the networks together.
  var sliceSize: Int { get }

  /// Prepares a batch.
  /// - Throws: what makes the batch unusable.
  func plan(_ batch: TrainingBatch) throws -> Plan

  /// The terms of some of its examples, weighted for the whole batch.
  ///
  /// Called on any worker, and again for the same examples where the loss needs the whole batch.
  /// - Throws: `InputError` when an example cannot be read.
  func terms(of range: Range<Int>, in batch: TrainingBatch, _ plan: Plan, _ graph: Graph) throws
    -> Terms

  /// The part of the loss that needs all examples at once; nil when there is none.
  func combining(_ batch: TrainingBatch, _ plan: Plan) -> BatchLossBody?
}

extension Objective {
  package func combining(_ batch: TrainingBatch, _ plan: Plan) -> BatchLossBody? { nil }
}

/// The examples of one step.
package struct TrainingBatch: Sendable {
  /// Indices of the examples in the training split.
  package let samples: [Int]
  /// The epoch, from 0.
  package let epoch: Int
  /// The step of the whole run, from 0.
  package let step: Int
  /// The run's seed.
  package let seed: UInt64

  /// A batch.
  package init(samples: [Int], epoch: Int, step: Int, seed: UInt64) {
    self.samples = samples
    self.epoch = epoch
    self.step = step
    self.seed = seed
  }
}
