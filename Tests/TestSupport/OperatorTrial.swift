import Support
import Tensors

/// What an operator computed: the output of each use, and the gradients of the probed sum.
package struct OperatorResult: Equatable, Sendable {
  /// The output of each use.
  package var outputs: [[Float]] = []
  /// The gradient of each input; nil where none arrived.
  package var inputGradients: [[Float]?] = []
  /// The gradient of each parameter.
  package var parameterGradients: [[Float]] = []
}

/// An operator with values drawn for its inputs and parameters, ready to be run.
///
/// The loss is `Σ probe · output` over all uses, with fixed random probes, in double precision.
package final class OperatorTrial {
  /// How a run differs from training everything in fp32.
  package struct Options {
    /// How often the operator is applied to the same inputs in one graph.
    package var uses = 1
    /// What matrix products read.
    package var precision = Precision.fp32
    /// Whether gradients of the inputs are wanted.
    package var differentiatesInputs = true
    /// Parameters, by index, that are not trained.
    package var frozen: Set<Int> = []
    /// Whether gradients are computed at all.
    package var trains = true

    /// The plain run.
    package init() {}
  }

  /// The case that is tried.
  package let test: OperatorCase
  /// The elements of the inputs.
  package var inputs: [[Float]]
  /// The elements of the parameters.
  package var parameters: [[Float]]
  private let workspace = Workspace()

  /// Draws values for a case; the same on every machine.
  package init(_ test: OperatorCase) {
    self.test = test
    let draw = { (shapes: [[Int]], purpose: String) -> [[Float]] in
      shapes.enumerated().map { index, shape in
        var random = RandomStream(seed: 1, purpose: purpose + test.name, index)
        return (0..<shape.reduce(1, *)).map { _ in
          random.uniform(test.range.lowerBound, test.range.upperBound)
        }
      }
    }
    inputs = draw(test.inputs, "input")
    parameters = draw(test.parameters, "parameter")
    if test.spacing > 0 {
      for (index, shape) in test.inputs.enumerated() {
        var random = RandomStream(seed: 1, purpose: "order" + test.name, index)
        let order = random.permutation(shape.reduce(1, *))
        inputs[index] = order.map { test.range.lowerBound + test.spacing * (Float($0) + 0.5) }
      }
    }
  }

  /// Applies the operator and, when training, differentiates it.
  package func run(_ options: Options = Options()) -> OperatorResult {
    let store = ParameterStore()
    let made = test.parameters.enumerated().map {
      store.add("p\($0.offset)", $0.element, isTrainable: !options.frozen.contains($0.offset))
    }
    for (parameter, values) in zip(made, parameters) {
      parameter.data.update(from: values, count: parameter.count)
    }
    if options.precision == .bf16 { store.refreshBfloat16() }
    let graph =
      options.trains
      ? Graph(
        workspace: workspace, precision: options.precision, gradients: [(store, store.gradient)])
      : Graph(workspace: workspace, precision: options.precision)
    let nodes = zip(test.inputs, inputs).map { shape, values in
      options.differentiatesInputs
        ? graph.variable(shape, values)
        : graph.constant(shape) { $0.update(from: values, count: values.count) }
    }
    let outputs = (0..<options.uses).map { _ in test.apply(graph, nodes, made) }
    var result = OperatorResult(outputs: outputs.map(\.array))
    guard options.trains else { return result }
    for (use, output) in outputs.enumerated() {
      graph.seed(output, gradient: probe(use: use, count: output.count))
    }
    graph.backward()
    result.inputGradients = nodes.map { node in
      node.gradient.map { Array(UnsafeBufferPointer(start: $0, count: node.count)) }
    }
    result.parameterGradients = made.map {
      Array(UnsafeBufferPointer(start: $0.gradient, count: $0.count))
    }
    return result
  }

  /// What the output of a use is multiplied with.
  package func probe(use: Int, count: Int) -> [Float] {
    var random = RandomStream(seed: 2, purpose: "probe" + test.name, use)
    return (0..<count).map { _ in random.uniform(-1, 1) }
  }

  /// The loss of a run.
  package func loss(_ options: Options = Options()) -> Double {
    var options = options
    options.trains = false
    let outputs = run(options).outputs
    var sum = 0.0
    for (use, output) in outputs.enumerated() {
      for (weight, value) in zip(probe(use: use, count: output.count), output) {
        sum += Double(weight) * Double(value)
      }
    }
    return sum
  }
}
