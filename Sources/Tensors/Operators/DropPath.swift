import CKernels
import Support

extension Graph {
  /// Drops whole examples' branches and scales up the rest, in a training graph.
  ///
  /// Stochastic depth, Huang et al. 2016.
  /// - Parameters:
  ///   - x: float32 `[batch, …]`, the branch before it is added to the residual stream.
  ///   - rate: share of examples whose branch becomes 0, below 1.
  ///   - streams: one for each example and layer.
  /// - Returns: float32, of the same shape; `x` itself outside training.
  package func dropPath(_ x: Node, rate: Float, streams: [RandomStream]) -> Node {
    guard isTraining && rate > 0 else { return x }
    precondition(streams.count == x.shape[0], "\(streams.count) streams for \(x.shape)")
    let length = x.count / max(x.shape[0], 1)
    let factors = streams.map { stream -> Float in
      var random = stream
      return random.uniform() < rate ? 0 : 1 / (1 - rate)
    }
    let out = makeNode(x.shape, needsGradient: x.needsGradient)
    for (example, factor) in factors.enumerated() {
      uk_scale(x.data + example * length, factor, out.data + example * length, length)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        for (example, factor) in factors.enumerated() {
          uk_scale(d + example * length, factor, d + example * length, length)
        }
        passGradient(of: out, to: x)
      }
    }
    return out
  }
}
