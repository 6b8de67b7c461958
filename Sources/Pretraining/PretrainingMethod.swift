import Encoders
import Support
import Tensors
import Vision

/// A part of the batch as a method sees it: some images of one epoch.
package struct PretrainingSlice {
  /// float32 `[count, 3, side, side]`, augmented and normalised.
  package let images: Node
  /// Indices of the examples in the training split.
  package let samples: [Int]
  /// The epoch, from 0.
  package let epoch: Int
  /// Examples of the whole batch, for means over it.
  package let batch: Int
  /// The run's seed.
  package let seed: UInt64

  /// Gathers what a method needs to know of a slice.
  package init(images: Node, samples: [Int], epoch: Int, batch: Int, seed: UInt64) {
    self.images = images
    self.samples = samples
    self.epoch = epoch
    self.batch = batch
    self.seed = seed
  }
}

/// A way to train an encoder without (or with) labels: the loss, and the parts it needs.
package protocol PretrainingMethod: AnyObject, Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for `unmask list recipes`.
  static var summary: String { get }

  /// Reads the method's settings and declares its parameters.
  ///
  /// - Parameters:
  ///   - fields: the recipe, of which the method takes its own keys.
  ///   - encoder: what is trained.
  ///   - seed: fixes the initial weights.
  /// - Throws: `InputError` when a setting is unknown, out of bounds or does not fit the encoder.
  init(_ fields: Fields, encoder: VisionTransformer, seed: UInt64) throws

  /// Weights that are trained beside the encoder and kept for pictures and test-time training.
  var parameters: ParameterStore { get }

  /// What identifies the mask in reports; nil when nothing is masked.
  var maskFingerprint: JSON? { get }

  /// What one image costs, so that runs with other masks can be compared at known compute.
  var cost: PretrainingCost { get }

  /// The loss of a slice, its terms weighted for the whole batch.
  func loss(of slice: PretrainingSlice, in graph: Graph) -> Double
}
