import CKernels
import Foundation
import Support

/// Stochastic gradient descent with momentum and L2 decay, as PyTorch's (dampening 0).
package final class SGD: Optimizer {
  package var steps = 0
  private let store: ParameterStore
  private let chunks: [ParameterChunk]
  private let momentum: Float
  private let buffer: StateBuffer

  /// Prepares to train `store`.
  package init(_ store: ParameterStore, momentum: Double, rule: (Parameter) -> ParameterRule) {
    self.store = store
    self.momentum = Float(momentum)
    chunks = ParameterChunk.all(of: store, rule: rule)
    buffer = StateBuffer(store)
  }

  package var state: [(name: String, values: UnsafeMutablePointer<Float>)] {
    [("sgd.momentum", buffer.values)]
  }

  package func step(learningRate: Double, pool: WorkerPool) {
    steps += 1
    let (store, buffer, momentum, chunks) = (store, buffer, momentum, chunks)
    pool.run(chunks.count) { job, _ in
      let chunk = chunks[job]
      uk_sgd(
        store.values + chunk.offset, store.gradient + chunk.offset, buffer.values + chunk.offset,
        Float(learningRate) * chunk.rule.rateFactor, momentum, chunk.rule.decay, 1, chunk.count)
      store.refreshBfloat16(chunk.offset..<chunk.offset + chunk.count)
    }
  }
}
