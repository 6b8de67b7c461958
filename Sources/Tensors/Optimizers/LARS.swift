import CKernels
import Foundation
import Support

/// Layer-wise adaptive rate scaling in the form of MAE's linear probe.
///
/// You et al. 2017; He et al. 2022.
/// For tensors of more than one dimension `g ← g + decay·w`, then `g ← g · trust·‖w‖/‖g‖` (factor
/// 1 where a norm is 0); `μ ← momentum·μ + g`; `w ← w − rate·μ`. Others skip decay and scaling.
package final class LARS: Optimizer {
  package var steps = 0
  private let store: ParameterStore
  private let rules: [(parameter: Parameter, rule: ParameterRule)]
  private let momentum: Float
  private let trust: Double
  private let buffer: StateBuffer

  /// Prepares to train `store`.
  package init(
    _ store: ParameterStore, momentum: Double = 0.9, trust: Double = 0.001,
    rule: (Parameter) -> ParameterRule
  ) {
    self.store = store
    self.momentum = Float(momentum)
    self.trust = trust
    rules = store.parameters.filter(\.isTrainable).map { ($0, rule($0)) }
    buffer = StateBuffer(store)
  }

  package var state: [(name: String, values: UnsafeMutablePointer<Float>)] {
    [("lars.momentum", buffer.values)]
  }

  package func step(learningRate: Double, pool: WorkerPool) {
    steps += 1
    let (store, buffer, momentum, rules, trust) = (store, buffer, momentum, rules, trust)
    pool.run(rules.count) { job, _ in
      let (parameter, rule) = rules[job]
      let (at, count) = (parameter.offset, parameter.count)
      var (scale, decay): (Float, Float) = (1, 0)
      if parameter.shape.count > 1 {
        decay = rule.decay
        let gradient = store.gradient + at
        if decay > 0 {
          for i in 0..<count { gradient[i] += decay * store.values[at + i] }
        }
        let weightNorm = uk_sum_squares(store.values + at, count).squareRoot()
        let gradientNorm = uk_sum_squares(gradient, count).squareRoot()
        if weightNorm > 0 && gradientNorm > 0 { scale = Float(trust * weightNorm / gradientNorm) }
      }
      uk_sgd(
        store.values + at, store.gradient + at, buffer.values + at,
        Float(learningRate) * rule.rateFactor, momentum, 0, scale, count)
      store.refreshBfloat16(at..<at + count)
    }
  }
}
