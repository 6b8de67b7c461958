import CKernels

extension Graph {
  /// Layer normalisation over the last dimension.
  ///
  /// Ba et al. 2016.
  ///
  /// - Parameters:
  ///   - x: float32 `[…, width]`.
  ///   - gain: `[width]`.
  ///   - bias: `[width]`.
  ///   - epsilon: added to the biased variance, inside the root.
  ///   - output: the type of the result; the compute type when nil.
  /// - Returns: `[…, width]`.
  package func layerNorm(
    _ x: Node, gain: Parameter, bias: Parameter, epsilon: Float, output: ElementType? = nil
  ) -> Node {
    let (rows, width) = (x.rows, x.columns)
    precondition(gain.count == width, "\(gain.name) \(gain.shape) does not fit rows of \(width)")
    let type = output ?? precision.computeType
    let gainGradient = gradient(of: gain)
    let biasGradient = gradient(of: bias)
    let out = makeNode(
      x.shape, type,
      needsGradient: x.needsGradient || gainGradient != nil || biasGradient != nil)
    let statistics = makeNode([2, rows])
    uk_layer_norm(
      x.data, gain.data, bias.data, epsilon, out.raw, type.kernel, statistics.data,
      statistics.data + rows, rows, width)
    if out.needsGradient {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        guard x.needsGradient else {
          // Only the gain and the bias learn: the input's gradient goes to a spare buffer.
          return withBuffer(bytes: x.count * 4) { spare in
            uk_layer_norm_backward(
              x.data, gain.data, statistics.data, statistics.data + rows, outGradient,
              type.kernel, spare.assumingMemoryBound(to: Float.self), 0, gainGradient,
              biasGradient, rows, width)
          }
        }
        let target = x.gradientTarget()
        uk_layer_norm_backward(
          x.data, gain.data, statistics.data, statistics.data + rows, outGradient, type.kernel,
          target.pointer.assumingMemoryBound(to: Float.self), target.accumulates ? 1 : 0,
          gainGradient, biasGradient, rows, width)
      }
    }
    return out
  }

  /// Rows with mean 0 and variance 1: layer normalisation without gain and bias, for targets.
  ///
  /// - Parameters:
  ///   - x: float32 `[…, width]`; no gradient reaches it.
  ///   - epsilon: added to the biased variance, inside the root.
  /// - Returns: float32 `[…, width]`.
  package func standardized(_ x: Node, epsilon: Float) -> Node {
    let (rows, width) = (x.rows, x.columns)
    let out = makeNode(x.shape)
    let scratch = makeNode([2, rows])
    let (ones, zeros) = (makeNode([width]), makeNode([width]))
    ones.data.update(repeating: 1, count: width)
    zeros.data.update(repeating: 0, count: width)
    uk_layer_norm(
      x.data, ones.data, zeros.data, epsilon, out.raw, uk_float32, scratch.data,
      scratch.data + rows, rows, width)
    return out
  }
}
