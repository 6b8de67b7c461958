import CKernels
import Foundation
import Support

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
package final class AdamW: Optimizer {
  package var steps = 0
  private let store: ParameterStore
  private let chunks: [ParameterChunk]
  private let (beta1, beta2, epsilon): (Float, Float, Float)
  private let first: StateBuffer
  private let second: StateBuffer

  /// Prepares to train `store`.
  package init(
    _ store: ParameterStore, betas: (Double, Double), epsilon: Double = 1e-8,
    rule: (Parameter) -> ParameterRule
  ) {
    self.store = store
    chunks = ParameterChunk.all(of: store, rule: rule)
    (beta1, beta2) = (Float(betas.0), Float(betas.1))
    self.epsilon = Float(epsilon)
    first = StateBuffer(store)
    second = StateBuffer(store)
  }

  package var state: [(name: String, values: UnsafeMutablePointer<Float>)] {
    [("adamw.m", first.values), ("adamw.v", second.values)]
  }

  package func step(learningRate: Double, decayFactor: Double, pool: WorkerPool) {
    steps += 1
    let correction1 = Float(1 - pow(Double(beta1), Double(steps)))
    let correction2 = Float(1 - pow(Double(beta2), Double(steps)))
    let (store, first, second, chunks) = (store, first, second, chunks)
    let (beta1, beta2, epsilon) = (beta1, beta2, epsilon)
    pool.run(chunks.count) { job, _ in
      let chunk = chunks[job]
      let at = chunk.offset
      uk_adamw(
        store.values + at, store.gradient + at, first.values + at, second.values + at,
        Float(learningRate) * chunk.rule.rateFactor, beta1, beta2, epsilon,
        chunk.rule.decay * Float(decayFactor),
        correction1, correction2, chunk.count)
      store.refreshBfloat16(at..<at + chunk.count)
    }
  }
}
