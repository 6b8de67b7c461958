import CKernels
import Tensors

/// Batch normalisation without gain and bias, of features that are not trained (Ioffe & Szegedy 2015).
///
/// Since no gradient flows to the features, only their mean and variance over the whole batch are
/// needed: a linear layer behind the normalisation is then a linear layer with other weights.
final class BatchStatistics: @unchecked Sendable {
  let width: Int
  let epsilon: Float
  /// Subtracted from all features, so that sums of squares do not cancel; any value gives the
  /// same result but for rounding.
  let shift: Tensor
  /// Mean of the batch after the shift.
  let mean: Tensor
  /// `1 / √(variance + ε)` of the batch.
  let scale: Tensor
  /// Exponential averages over batches, as evaluation uses them.
  let runningMean: Tensor
  let runningVariance: Tensor
  /// The weight of the newest batch in the running averages.
  static let momentum = 0.1

  init(width: Int, epsilon: Double) {
    self.width = width
    self.epsilon = Float(epsilon)
    (shift, mean, scale) = (Tensor([width]), Tensor([width]), Tensor([width]))
    (runningMean, runningVariance) = (Tensor([width]), Tensor([width]))
    runningVariance.data.update(repeating: 1, count: width)
  }

  /// Sets the shift to the mean of the first rows of a batch.
  func chooseShift(_ batch: BatchRows, count: Int) {
    let used = min(count, 1024)
    shift.data.update(repeating: 0, count: width)
    for row in 0..<used {
      let place = batch.indices.map { Int($0[row]) } ?? row
      uk_add(batch.rows + place * width, uk_float32, shift.data, 1, width)
    }
    uk_scale(shift.data, 1 / Float(used), shift.data, width)
  }

  /// Takes in the sums of a batch.
  ///
  /// - Parameters:
  ///   - sums: for each lane the sums of the shifted features, then the sums of their squares.
  ///   - lanes: number of lanes.
  ///   - count: examples of the batch.
  func update(_ sums: UnsafePointer<Float>, lanes: Int, count: Int) {
    let unbiased = Double(count) / Double(max(1, count - 1))
    for c in 0..<width {
      var (sum, square) = (0.0, 0.0)
      for lane in 0..<lanes {
        sum += Double(sums[lane * 2 * width + c])
        square += Double(sums[lane * 2 * width + width + c])
      }
      let average = sum / Double(count)
      let variance = max(0, square / Double(count) - average * average)
      mean.data[c] = Float(average)
      scale.data[c] = Float(1 / (variance + Double(epsilon)).squareRoot())
      let m = Self.momentum
      runningMean.data[c] = Float(
        (1 - m) * Double(runningMean.data[c]) + m * (average + Double(shift.data[c])))
      runningVariance.data[c] = Float(
        (1 - m) * Double(runningVariance.data[c]) + m * variance * unbiased)
    }
  }

  /// Sets mean and scale to the running averages, for evaluation.
  func useRunningAverages() {
    for c in 0..<width {
      mean.data[c] = runningMean.data[c] - shift.data[c]
      scale.data[c] = 1 / (runningVariance.data[c] + epsilon).squareRoot()
    }
  }
}
