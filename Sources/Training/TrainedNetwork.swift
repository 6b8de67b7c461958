import Tensors

/// A network of an objective, and what a step does to it.
package struct TrainedNetwork {
  /// What a step does.
  package enum Policy {
    /// Its weights follow their gradients, each parameter by its rule.
    case trained(@Sendable (Parameter) -> ParameterRule)
    /// Its weights follow those of another network: `w ← m·w + (1 − m)·other`, with the momentum `m` of the step.
    ///
    /// Such a teacher runs in evaluation mode: its batch norms use their running statistics, which are averaged too.
    case average(of: ParameterStore, momentum: Schedule)
  }

  /// The name of its tensors in the state of a run.
  package let name: String
  package let store: ParameterStore
  package let policy: Policy

  /// A network with its policy.
  package init(_ name: String, _ store: ParameterStore, _ policy: Policy) {
    self.name = name
    self.store = store
    self.policy = policy
  }
}
