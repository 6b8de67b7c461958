import CKernels
import Foundation
import Support

/// Layer-wise adaptive rate scaling.
///
/// You et al. 2017. For tensors of more than one dimension `g ← g + decay·w`, then `g ← g · trust·‖w‖/‖g‖` (factor
/// 1 where a norm is 0); others skip decay and scaling. Then, as MAE's linear probe (He et al. 2022),
/// `μ ← momentum·μ + g` and `w ← w − rate·μ`; or, as SimCLR (Chen et al. 2020), with the rate inside the memory:
/// `μ ← momentum·μ + rate·g` and `w ← w − μ`, which differs where the rate changes.
package final class LARS: Optimizer {
  package var steps = 0
  private let store: ParameterStore
  private let rules: [(parameter: Parameter, rule: ParameterRule)]
  private let momentum: Float
  private let trust: Double
  private let remembersRate: Bool
  private let buffer: StateBuffer

  /// Prepares to train `store`.
  package init(
    _ store: ParameterStore, momentum: Double = 0.9, trust: Double = 0.001,
    remembersRate: Bool = false, rule: (Parameter) -> ParameterRule
  ) {
    self.store = store
    self.momentum = Float(momentum)
    self.trust = trust
    self.remembersRate = remembersRate
    rules = store.parameters.filter(\.isTrainable).map { ($0, rule($0)) }
      .filter { $0.rule.rateFactor != 0 }
    buffer = StateBuffer(store)
  }

  package var state: [(name: String, values: UnsafeMutablePointer<Float>)] {
    [("lars.momentum", buffer.values)]
  }

  package func step(learningRate: Double, decayFactor: Double, pool: WorkerPool) {
    steps += 1
    let (store, buffer, momentum, rules, trust) = (store, buffer, momentum, rules, trust)
    let remembersRate = remembersRate
    pool.run(rules.count) { job, _ in
      let (parameter, rule) = rules[job]
      let (at, count) = (parameter.offset, parameter.count)
      var (scale, decay): (Float, Float) = (1, 0)
      if parameter.shape.count > 1 {
        decay = rule.decay * Float(decayFactor)
        let gradient = store.gradient + at
        if decay > 0 {
          for i in 0..<count { gradient[i] += decay * store.values[at + i] }
        }
        let weightNorm = uk_sum_squares(store.values + at, count).squareRoot()
        let gradientNorm = uk_sum_squares(gradient, count).squareRoot()
        if weightNorm > 0 && gradientNorm > 0 { scale = Float(trust * weightNorm / gradientNorm) }
      }
      let rate = Float(learningRate) * rule.rateFactor
      uk_sgd(
        store.values + at, store.gradient + at, buffer.values + at, remembersRate ? 1 : rate,
        momentum, 0, remembersRate ? scale * rate : scale, 0, count)
      store.refreshBfloat16(at..<at + count)
    }
  }
}
