import Support
import Training

/// How long, and in what portions, a head is trained.
package struct ProbeSchedule: Sendable, Equatable {
  package var epochs: Int
  /// Epochs over which the learning rate rises from zero; half a cosine to zero follows.
  package var warmUpEpochs: Int
  /// Examples a step, at most.
  package var batchSize: Int
  /// Whether the examples left over at the end of an epoch are skipped, as in the reference code.
  package var dropsLast: Bool
  /// Whether the learning rate stays at its peak after the warm-up.
  package var isConstant: Bool

  /// A schedule.
  package init(
    epochs: Int, warmUpEpochs: Int, batchSize: Int, dropsLast: Bool = true, isConstant: Bool = false
  ) {
    self.epochs = epochs
    self.warmUpEpochs = min(warmUpEpochs, epochs)
    self.batchSize = batchSize
    self.dropsLast = dropsLast
    self.isConstant = isConstant
  }

  /// Examples a step when there are `count` of them.
  package func effectiveBatch(_ count: Int) -> Int { max(1, min(batchSize, count)) }

  /// Steps of an epoch.
  func steps(_ count: Int) -> Int {
    let batch = effectiveBatch(count)
    return dropsLast ? max(1, count / batch) : max(1, (count + batch - 1) / batch)
  }

  /// The rates of all steps, evaluated once an iteration.
  func rates(peak: Double, count: Int) -> Schedule {
    let steps = steps(count)
    return Schedule(
      isConstant ? .constant : .cosine, peak: peak, warmUp: warmUpEpochs * steps,
      total: epochs * steps)
  }

  /// Trains for all epochs, batch by batch.
  ///
  /// - Parameters:
  ///   - examples: those to learn from.
  ///   - peak: the learning rate for a batch of 256; it grows in proportion with the batch.
  ///   - seed: fixes the order of the examples.
  ///   - advance: called after each step with its number of examples.
  ///   - step: learns from some examples in an epoch at a rate, and returns their loss.
  /// - Returns: the loss of each step.
  /// - Throws: what `step` throws.
  func train(
    on examples: [Int32], peak: Double, seed: UInt64, advance: (Int) -> Void,
    _ step: (_ indices: [Int32], _ epoch: Int, _ rate: Double) throws -> Double
  ) rethrows -> [Double] {
    let batch = effectiveBatch(examples.count)
    let rates = rates(peak: peak * Double(batch) / 256, count: examples.count)
    var losses: [Double] = []
    for epoch in 0..<epochs {
      for indices in batches(of: examples, epoch: epoch, seed: seed) {
        losses.append(try step(indices, epoch, rates.value(at: losses.count)))
        advance(indices.count)
      }
    }
    return losses
  }

  /// The examples of each step of an epoch, in a random order that depends on seed and epoch.
  func batches(of examples: [Int32], epoch: Int, seed: UInt64) -> [[Int32]] {
    var random = RandomStream(seed: seed, purpose: "probe order", epoch)
    let order = random.permutation(examples.count).map { examples[$0] }
    let batch = effectiveBatch(examples.count)
    return (0..<steps(examples.count)).map {
      Array(order[$0 * batch..<min(($0 + 1) * batch, order.count)])
    }
  }
}
