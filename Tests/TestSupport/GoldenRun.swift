import Tensors

/// Runs an operator on the tensors of a golden's case, and compares what it gives.
package final class GoldenRun {
  private let golden: Golden
  private let caseName: String
  private let store = ParameterStore()
  private let workspace = Workspace()
  private var parameters: [String: Parameter] = [:]

  /// Takes the tensors `parameters` of a case as trained parameters, where the case has them.
  package init(_ golden: Golden, _ caseName: String, parameters names: [String] = []) {
    self.golden = golden
    self.caseName = caseName
    for name in names where golden.has(name, in: caseName) {
      parameters[name] = store.add(name, golden.tensor(name, in: caseName).shape)
    }
    for (name, parameter) in parameters {
      parameter.data.update(
        from: golden.tensor(name, in: caseName).data, count: parameter.count)
    }
  }

  /// The parameter of that name; nil where the case has none.
  package func parameter(_ name: String) -> Parameter? { parameters[name] }

  /// The parameter of that name, which the case must have.
  package func required(_ name: String) -> Parameter {
    guard let parameter = parameters[name] else {
      preconditionFailure("the golden's case \(caseName) has no \(name)")
    }
    return parameter
  }

  /// The largest differences, relative to each tensor's largest element, of the output and of all
  /// gradients that the case holds, by name.
  ///
  /// - Parameters:
  ///   - others: further stores that are trained.
  ///   - apply: the operator.
  /// - Returns: by `output`, `input` and the parameters' names.
  package func differences(
    training others: [ParameterStore] = [], _ apply: (Graph, Node) -> Node
  ) -> [String: Float] {
    let graph = Graph(
      workspace: workspace, precision: .fp32,
      gradients: ([store] + others).map { (store: $0, buffer: $0.gradient) })
    let input = golden.tensor("input", in: caseName)
    let node = graph.variable(input.shape, input.array)
    let output = apply(graph, node)
    let expected = golden.tensor("output", in: caseName)
    var found: [String: Float] = [:]
    found["output"] = largestRelativeDifference(Tensor(output.shape, output.array), from: expected)
    if output.shape != expected.shape { found["shape"] = .infinity }
    graph.seed(output, gradient: golden.tensor("output_gradient", in: caseName).array)
    graph.backward()
    found["input"] = compare(node.gradient, "input_gradient")
    for (name, parameter) in parameters {
      found[name] = compare(parameter.gradient, name + "_gradient")
    }
    return found
  }

  private func compare(_ gradient: UnsafeMutablePointer<Float>?, _ key: String) -> Float {
    let expected = golden.tensor(key, in: caseName)
    guard let gradient else { return .infinity }
    let made = Tensor(expected.shape)
    made.data.update(from: gradient, count: expected.count)
    return largestRelativeDifference(made, from: expected)
  }
}
