import Support
import Tensors

/// An optimiser with its settings, for any number of networks.
package enum OptimizerKind: Sendable, Equatable {
  /// Loshchilov & Hutter 2019.
  case adamW(beta1: Double, beta2: Double, epsilon: Double)
  /// With L2 decay, as PyTorch's.
  case sgd(momentum: Double, isNesterov: Bool)
  /// You et al. 2017; `remembersRate` as SimCLR has it, without as MAE's probe.
  case lars(momentum: Double, trust: Double, remembersRate: Bool)

  /// The names in recipes.
  package static let names = ["adamw", "sgd", "lars"]

  /// An optimiser of one network.
  ///
  /// - Parameters:
  ///   - store: what it trains.
  ///   - rule: what it does to each parameter.
  /// - Returns: the optimiser.
  package func make(_ store: ParameterStore, rule: (Parameter) -> ParameterRule) -> any Optimizer {
    switch self {
    case .adamW(let beta1, let beta2, let epsilon):
      AdamW(store, betas: (beta1, beta2), epsilon: epsilon, rule: rule)
    case .sgd(let momentum, let isNesterov):
      SGD(store, momentum: momentum, isNesterov: isNesterov, rule: rule)
    case .lars(let momentum, let trust, let remembersRate):
      LARS(store, momentum: momentum, trust: trust, remembersRate: remembersRate, rule: rule)
    }
  }
}
