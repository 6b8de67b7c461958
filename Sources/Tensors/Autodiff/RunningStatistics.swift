import CKernels

/// The running mean and variance of a batch norm, kept beside the weights.
///
/// During a step each graph adds its sums to the lane's buffer, in the places of these parameters;
/// after the lanes are summed, `absorbRunningStatistics` moves the statistics once, towards those of
/// the whole batch. So they depend neither on threads nor on how the batch is cut.
/// A lane's buffer is written by the worker that runs the lane, the statistics by the thread that ends the step.
package final class RunningStatistics: @unchecked Sendable {
  /// Per channel; 0 in a fresh network.
  package let mean: Parameter
  /// Per channel, unbiased; 1 in a fresh network.
  package let variance: Parameter
  /// Number of steps taken; a scalar that PyTorch's checkpoints hold.
  package let steps: Parameter
  /// How far a step moves the statistics.
  package let momentum: Float

  /// Declares `name.running_mean`, `name.running_var` and `name.num_batches_tracked`.
  package init(_ store: ParameterStore, _ name: String, _ width: Int, momentum: Float = 0.1) {
    mean = store.add("\(name).running_mean", [width], isTrainable: false)
    variance = store.add("\(name).running_var", [width], isTrainable: false)
    steps = store.add("\(name).num_batches_tracked", [], isTrainable: false)
    self.momentum = momentum
    store.runningStatistics.append(self)
  }

  /// Whether a tensor of that name is one of these, which PyTorch calls a buffer and does not count as a parameter.
  package static func have(_ name: String) -> Bool {
    ["running_mean", "running_var", "num_batches_tracked"].contains { name.hasSuffix("." + $0) }
  }

  /// Sets mean 0 and variance 1.
  package func reset() {
    mean.data.update(repeating: 0, count: mean.count)
    variance.data.update(repeating: 1, count: variance.count)
    steps.data[0] = 0
  }

  /// Adds a slice's moments, about the running mean, to a lane's buffer.
  func add(
    mean sliceMean: UnsafePointer<Float>, variance sliceVariance: UnsafePointer<Float>, rows: Int,
    to lane: UnsafeMutablePointer<Float>
  ) {
    let (first, second) = (lane + mean.offset, lane + variance.offset)
    let count = Float(rows)
    for c in 0..<mean.count {
      let distance = sliceMean[c] - mean.data[c]
      first[c] += count * distance
      second[c] += count * (sliceVariance[c] + distance * distance)
    }
    lane[steps.offset] += count
  }

  /// Moves the statistics towards those of a whole batch, where they are known before the step.
  package func move(towards moments: ColumnMoments) {
    let correction = Float(moments.count) / Float(max(moments.count - 1, 1))
    for c in 0..<mean.count {
      move(
        c, by: moments.mean.data[c] - mean.data[c], unbiased: moments.variance.data[c] * correction)
    }
    steps.data[0] += 1
  }

  private func move(_ channel: Int, by distance: Float, unbiased: Float) {
    mean.data[channel] += momentum * distance
    variance.data[channel] += momentum * (unbiased - variance.data[channel])
  }

  /// Moves the statistics towards those that the summed buffer holds, and clears it.
  fileprivate func absorb(_ sums: UnsafeMutablePointer<Float>) {
    let count = sums[steps.offset]
    let (first, second) = (sums + mean.offset, sums + variance.offset)
    if count > 0 {
      for c in 0..<mean.count {
        let distance = first[c] / count
        let biased = max(second[c] / count - distance * distance, 0)
        let unbiased = biased * count / max(count - 1, 1)
        move(c, by: distance, unbiased: unbiased)
      }
      steps.data[0] += 1
    }
    first.update(repeating: 0, count: mean.count)
    second.update(repeating: 0, count: mean.count)
    sums[steps.offset] = 0
  }
}

extension ParameterStore {
  /// Moves all running statistics by the sums of a step; `DataParallel` does so after each.
  package func absorbRunningStatistics() {
    for statistics in runningStatistics { statistics.absorb(gradient) }
  }
}
