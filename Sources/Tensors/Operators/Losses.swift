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
  ///   - logits: float32 `[rows, classes]`, or `[rows, groups, classes]`: a group for each of several heads.
  ///   - labels: `[rows]`, each in `0..<classes`; the same for all groups.
  ///   - smoothing: share of the target spread evenly over the classes (Szegedy et al. 2016).
  ///   - weight: for a mean, one over the rows of the whole batch.
  /// - Returns: the term's value on this slice, summed over the groups.
  package func crossEntropy(_ logits: Node, labels: [Int32], smoothing: Float = 0, weight: Float)
    -> Double
  {
    let (rows, classes) = (logits.shape[0], logits.columns)
    precondition(labels.count == rows, "\(labels.count) labels for \(rows) rows")
    precondition(
      labels.allSatisfy { $0 >= 0 && $0 < classes }, "labels are not in 0..<\(classes)")
    let groups = logits.rows / max(rows, 1)
    let (length, parts) = (groups * classes, pieces(of: rows))
    // The peak and the scale of each row's softmax.
    let softmax = logits.needsGradient ? makeNode([rows, groups, 2]) : nil
    let sums = makeNode([parts.count, 2])
    let losses = sums.raw.bindMemory(to: Double.self, capacity: parts.count)
    share(parts.count) { part, _ in
      let (first, count) = (parts[part].lowerBound, parts[part].count)
      losses[part] = uk_cross_entropy(
        logits.data + first * length, Array(labels[parts[part]]), groups, smoothing,
        softmax.map { $0.data + first * groups * 2 }, count * groups, classes)
    }
    let loss = (0..<parts.count).reduce(0) { $0 + losses[$1] }
    if let softmax {
      record { [self] in
        let (pointer, accumulates) = logits.gradientTarget()
        let target = pointer.assumingMemoryBound(to: Float.self)
        share(parts.count) { part, _ in
          let (first, count) = (parts[part].lowerBound, parts[part].count)
          uk_cross_entropy_backward(
            logits.data + first * length, Array(labels[parts[part]]), groups, smoothing, weight,
            softmax.data + first * groups * 2, target + first * length, accumulates ? 1 : 0,
            count * groups, classes)
        }
      }
    }
    return Double(weight) * loss
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
