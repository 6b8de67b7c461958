import Support
import Tensors

extension OperatorTrial {
  /// The largest difference of a gradient from its finite difference.
  package struct Mismatch: CustomStringConvertible {
    /// Which element, for example `input 0 [17]`.
    package var place = "nothing"
    /// The gradient by differentiation.
    package var gradient = 0.0
    /// The gradient by finite differences.
    package var difference = 0.0
    /// Their distance over the largest gradient of the tensor.
    package var relative = 0.0

    package var description: String {
      "\(place): \(gradient) by differentiation, \(difference) by differences"
    }
  }

  /// Compares the gradients of a run with finite differences of its loss.
  ///
  /// Uses the five-point central formula, whose error is of the fourth order in the step. Of a
  /// large tensor only some elements are checked, drawn at random.
  /// - Parameters:
  ///   - options: how often the operator is used.
  ///   - sample: how many elements of a tensor are checked.
  /// - Returns: the worst element of all inputs and parameters.
  package func largestMismatch(_ options: Options = Options(), sample: Int = 24) -> Mismatch {
    let result = run(options)
    var worst = Mismatch()
    for index in inputs.indices {
      let gradient =
        result.inputGradients[index] ?? [Float](repeating: 0, count: inputs[index].count)
      compare("input \(index)", gradient, options, sample, at: \.inputs[index], &worst)
    }
    for index in parameters.indices {
      compare(
        "parameter \(index)", result.parameterGradients[index], options, sample,
        at: \.parameters[index], &worst)
    }
    return worst
  }

  private func compare(
    _ name: String, _ gradient: [Float], _ options: Options, _ sample: Int,
    at path: ReferenceWritableKeyPath<OperatorTrial, [Float]>, _ worst: inout Mismatch
  ) {
    let largest = max(gradient.reduce(0) { max($0, abs(Double($1))) }, 1e-2)
    var random = RandomStream(seed: 3, purpose: "sample" + name)
    for element in random.permutation(gradient.count).prefix(sample) {
      let difference = slope(at: path, element, options)
      let exact = Double(gradient[element])
      let relative = abs(exact - difference) / largest
      // Negated, so that a NaN is the worst of all.
      if !(relative <= worst.relative) {
        worst = Mismatch(
          place: "\(name) [\(element)]", gradient: exact, difference: difference,
          relative: relative.isNaN ? .infinity : relative)
      }
    }
  }

  private func slope(
    at path: ReferenceWritableKeyPath<OperatorTrial, [Float]>, _ element: Int, _ options: Options
  ) -> Double {
    let kept = self[keyPath: path][element]
    defer { self[keyPath: path][element] = kept }
    let lossMoved = { (by: Float) -> Double in
      self[keyPath: path][element] = kept + by
      return self.loss(options)
    }
    let h = test.step
    return (8 * (lossMoved(h) - lossMoved(-h)) - (lossMoved(2 * h) - lossMoved(-2 * h)))
      / (12 * Double(h))
  }
}
