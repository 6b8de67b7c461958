import Foundation
import Support

/// Changes weights along their gradients; owns the state that a resumed run needs.
package protocol Optimizer: AnyObject {
  /// Updates all weights of the store.
  ///
  /// - Parameters:
  ///   - learningRate: the schedule's value, before each parameter's own factor.
  ///   - decayFactor: the schedule of the weight decay: multiplies each parameter's own.
  ///   - pool: shares out the work.
  func step(learningRate: Double, decayFactor: Double, pool: WorkerPool)
  /// Number of steps taken.
  var steps: Int { get set }
  /// Buffers as long as the store's flat buffer, by name, to be saved for resuming.
  var state: [(name: String, values: UnsafeMutablePointer<Float>)] { get }
}

extension Optimizer {
  /// Updates all weights of the store, their decay as it was declared.
  package func step(learningRate: Double, pool: WorkerPool) {
    step(learningRate: learningRate, decayFactor: 1, pool: pool)
  }
}

/// What an optimiser does to one parameter beside the common settings.
package struct ParameterRule: Sendable {
  /// Multiplies the learning rate, for layer-wise decay.
  package var rateFactor: Float
  /// Decoupled or L2 decay of the weight.
  package var decay: Float

  /// Leaves the parameter as it is.
  package static let frozen = ParameterRule(rateFactor: 0)

  /// A rule with the given factor and decay.
  package init(rateFactor: Float = 1, decay: Float = 0) {
    self.rateFactor = rateFactor
    self.decay = decay
  }

  /// Decay for matrices, none for one-dimensional parameters (biases, norms), as is usual.
  package static func usual(decay: Double) -> (Parameter) -> ParameterRule {
    { parameter in
      ParameterRule(decay: parameter.shape.count > 1 ? Float(decay) : 0)
    }
  }
}

/// A part of one parameter that one job updates.
struct ParameterChunk: Sendable {
  let parameter: Parameter
  let rule: ParameterRule
  let offset: Int
  let count: Int

  static func all(of store: ParameterStore, rule: (Parameter) -> ParameterRule) -> [ParameterChunk]
  {
    store.parameters.filter(\.isTrainable).flatMap { parameter -> [ParameterChunk] in
      let rule = rule(parameter)
      guard rule.rateFactor != 0 else { return [] }
      return stride(from: 0, to: parameter.count, by: DataParallel.chunk).map {
        ParameterChunk(
          parameter: parameter, rule: rule, offset: parameter.offset + $0,
          count: min(DataParallel.chunk, parameter.count - $0))
      }
    }
  }
}

/// A zeroed buffer as long as a store's flat buffer.
///
/// The optimiser writes it between steps, each worker a part of its own.
final class StateBuffer: @unchecked Sendable {
  let values: UnsafeMutablePointer<Float>

  init(_ store: ParameterStore) {
    values = allocateAligned(store.extent)
    values.initialize(repeating: 0, count: store.extent)
  }

  deinit { free(values) }
}
