import CKernels
import Foundation
import Support

/// Stochastic gradient descent with momentum, after Nesterov where asked for, and L2 decay, as PyTorch's (dampening 0).
package final class SGD: Optimizer {
  package var steps = 0
  private let store: ParameterStore
  private let chunks: [ParameterChunk]
  private let momentum: Float
  private let isNesterov: Bool
  private let buffer: StateBuffer

  /// Prepares to train `store`.
  package init(
    _ store: ParameterStore, momentum: Double, isNesterov: Bool = false,
    rule: (Parameter) -> ParameterRule
  ) {
    self.store = store
    self.momentum = Float(momentum)
    self.isNesterov = isNesterov
    chunks = ParameterChunk.all(of: store, rule: rule)
    buffer = StateBuffer(store)
  }

  package var state: [(name: String, values: UnsafeMutablePointer<Float>)] {
    [("sgd.momentum", buffer.values)]
  }

  package func step(learningRate: Double, decayFactor: Double, pool: WorkerPool) {
    steps += 1
    let (store, buffer, momentum, chunks) = (store, buffer, momentum, chunks)
    let nesterov: Int32 = isNesterov ? 1 : 0
    pool.run(chunks.count) { job, _ in
      let chunk = chunks[job]
      uk_sgd(
        store.values + chunk.offset, store.gradient + chunk.offset, buffer.values + chunk.offset,
        Float(learningRate) * chunk.rule.rateFactor, momentum,
        chunk.rule.decay * Float(decayFactor), 1, nesterov, chunk.count)
      store.refreshBfloat16(chunk.offset..<chunk.offset + chunk.count)
    }
  }
}
