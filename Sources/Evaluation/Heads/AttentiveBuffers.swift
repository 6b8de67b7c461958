import Foundation
import Tensors

/// The memory of a training step of attentive heads side by side.
///
/// Jobs write disjoint parts.
/// `rows` counts the attention heads of all settings, `batch` examples, `width` features.
final class AttentiveBuffers: @unchecked Sendable {
  let batch: Int
  /// Attention weights, `[batch, tokens, rows]`.
  let weights: Tensor
  /// Weighted means of the normalised tokens, `[rows, batch, width]`; on the way back their
  /// gradients.
  let pooled: Tensor
  /// The same with the gain and bias of the value norm.
  let normed: Tensor
  /// Values, `[settings, batch, width]`, the heads side by side.
  let values: Tensor
  /// Outputs of the projection, standardised in place, `[settings, batch, width]`.
  let outputs: Tensor
  /// Gradients of the outputs.
  let outputGradient: Tensor
  /// Gradients of the values.
  let valueGradient: Tensor
  /// Logits, then their gradients, `[settings, batch, classes]`.
  let logits: Tensor
  /// Directions of all heads, `[rows, width]`.
  let directions: Tensor
  /// Gradients of the directions, `[lanes, rows, width]`.
  let directionGradient: Tensor
  /// Loss of each lane and setting.
  let losses: UnsafeMutableBufferPointer<Double>

  init(
    batch: Int, tokens: Int, width: Int, classes: Int, settings: Int, rows: Int, lanes: Int
  ) {
    self.batch = batch
    weights = Tensor([batch, tokens, rows])
    pooled = Tensor([rows, batch, width])
    normed = Tensor([rows, batch, width])
    values = Tensor([settings, batch, width])
    outputs = Tensor([settings, batch, width])
    outputGradient = Tensor([settings, batch, width])
    valueGradient = Tensor([settings, batch, width])
    logits = Tensor([settings, batch, classes])
    directions = Tensor([rows, width])
    directionGradient = Tensor([lanes, rows, width])
    losses = .allocate(capacity: lanes * settings)
    losses.initialize(repeating: 0)
  }

  deinit { losses.deallocate() }
}

/// Statistics of the batch norm behind one attentive head.
final class AttentiveNorm: @unchecked Sendable {
  let mean: Tensor
  let variance: Tensor
  let scale: Tensor
  let runningMean: Tensor
  let runningVariance: Tensor
  let gradientSum: Tensor
  let gradientProduct: Tensor
  static let epsilon: Float = 1e-5
  static let momentum: Float = 0.1

  init(width: Int) {
    (mean, variance, scale) = (Tensor([width]), Tensor([width]), Tensor([width]))
    (runningMean, runningVariance) = (Tensor([width]), Tensor([width]))
    (gradientSum, gradientProduct) = (Tensor([width]), Tensor([width]))
    runningVariance.data.update(repeating: 1, count: width)
  }

  /// Sets the scale from the batch's variance and takes the batch into the running averages.
  func update(count: Int) {
    let unbiased = Float(count) / Float(max(1, count - 1))
    let m = Self.momentum
    for c in 0..<mean.count {
      scale.data[c] = 1 / (variance.data[c] + Self.epsilon).squareRoot()
      runningMean.data[c] = (1 - m) * runningMean.data[c] + m * mean.data[c]
      runningVariance.data[c] =
        (1 - m) * runningVariance.data[c] + m * unbiased * variance.data[c]
    }
  }

  /// Uses the running averages, for evaluation.
  func useRunningAverages() {
    for c in 0..<mean.count {
      mean.data[c] = runningMean.data[c]
      scale.data[c] = 1 / (runningVariance.data[c] + Self.epsilon).squareRoot()
    }
  }
}
