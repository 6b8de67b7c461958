import CKernels

/// How a regression measures the distance of a prediction from its target.
package enum RegressionDistance: Sendable, Equatable {
  /// `d²`
  case squared
  /// `|d|`
  case absolute
  /// `d²/2β` below `β`, `|d| - β/2` above (Girshick 2015).
  case smooth(beta: Float)

  var kernel: uk_distance {
    switch self {
    case .squared: uk_squared
    case .absolute: uk_absolute
    case .smooth: uk_smooth
    }
  }

  var beta: Float { if case .smooth(let beta) = self { beta } else { 1 } }
}

extension Graph {
  /// `weight · Σ distance(prediction − target)`, a term of the loss.
  ///
  /// - Parameters:
  ///   - prediction: float32, any shape.
  ///   - target: as many floats; no gradient reaches them.
  ///   - distance: squared, absolute or smooth.
  ///   - weight: for a mean, one over the number of elements in the whole batch.
  /// - Returns: the term's value on this slice.
  package func regressionLoss(
    _ prediction: Node, target: UnsafePointer<Float>, distance: RegressionDistance, weight: Float
  ) -> Double {
    guard prediction.needsGradient else {
      return Double(weight)
        * uk_regression_loss(
          distance.kernel, distance.beta, prediction.data, target, weight, nil, prediction.count)
    }
    let slope = makeNode(prediction.shape)
    let sum = uk_regression_loss(
      distance.kernel, distance.beta, prediction.data, target, weight, slope.data,
      prediction.count)
    record { self.contribute(slope, to: prediction) }
    return Double(weight) * sum
  }

  /// `weight · Σ −log softmax(logits)[label]`, a term of the loss.
  ///
  /// - Parameters:
  ///   - logits: float32 `[rows, classes]`.
  ///   - labels: `[rows]`, each in `0..<classes`.
  ///   - smoothing: share of the target spread evenly over the classes (Szegedy et al. 2016).
  ///   - weight: for a mean, one over the rows of the whole batch.
  /// - Returns: the term's value on this slice.
  package func crossEntropy(_ logits: Node, labels: [Int32], smoothing: Float = 0, weight: Float)
    -> Double
  {
    precondition(labels.count == logits.rows, "\(labels.count) labels for \(logits.rows) rows")
    let slope = logits.needsGradient ? makeNode(logits.shape) : nil
    let sum = uk_cross_entropy(
      logits.data, labels, smoothing, weight, slope?.data, logits.rows, logits.columns)
    if let slope { record { self.contribute(slope, to: logits) } }
    return Double(weight) * sum
  }

  /// Adds a ready gradient to that of `node`.
  private func contribute(_ slope: Node, to node: Node) {
    slope.storage.gradient = nil
    let (pointer, accumulates) = node.gradientTarget()
    uk_add(
      slope.raw, uk_float32, pointer.assumingMemoryBound(to: Float.self), accumulates ? 1 : 0,
      node.count)
  }
}
