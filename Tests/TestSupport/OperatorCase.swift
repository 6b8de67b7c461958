import Tensors

/// One operator with the extents at which it is tried; an entry of a list that every test runs over.
///
/// To test a new operator, write its cases next to its goldens and add the list to `OperatorTests`.
package struct OperatorCase: Sendable, CustomStringConvertible {
  /// What is tried, for example `linear 7×17→5, residual`.
  package let name: String
  /// Shapes of the inputs, which are float32.
  package let inputs: [[Int]]
  /// Shapes of the parameters.
  package let parameters: [[Int]]
  /// Where inputs and parameters are drawn from, uniformly; away from kinks and ties.
  package var range: ClosedRange<Float> = -1...1
  /// Least distance between any two elements of an input, which keeps a maximum from changing hands.
  package var spacing: Float = 0
  /// Step of the finite differences; an element is moved by up to twice as much.
  package var step: Float = 0.04
  /// Largest difference of a gradient from its finite difference, over the largest of its tensor.
  package var tolerance = 2e-3
  /// Largest difference of the output in bf16, over the largest output; nil where it makes no sense.
  package var bfloat16Tolerance: Double? = 0.03
  /// Applies the operator.
  package let apply: @Sendable (Graph, [Node], [Parameter]) -> Node

  /// A case with the usual range, step and tolerances.
  package init(
    _ name: String, inputs: [[Int]], parameters: [[Int]] = [],
    apply: @escaping @Sendable (Graph, [Node], [Parameter]) -> Node
  ) {
    self.name = name
    self.inputs = inputs
    self.parameters = parameters
    self.apply = apply
  }

  /// The same with some settings changed.
  package func with(_ change: (inout OperatorCase) -> Void) -> OperatorCase {
    var changed = self
    change(&changed)
    return changed
  }

  package var description: String { name }
}
