import CKernels

extension Graph {
  /// Layer normalisation over the last dimension.
  ///
  /// Ba et al. 2016.
  ///
  /// - Parameters:
  ///   - x: float32 `[…, width]`.
  ///   - gain: `[width]`, or `[groups × width]`: as many equal runs of rows have a gain and bias of their own.
  ///   - bias: as many.
  ///   - epsilon: added to the biased variance, inside the root.
  ///   - output: the type of the result; the compute type when nil.
  /// - Returns: `[…, width]`.
  package func layerNorm(
    _ x: Node, gain: Parameter, bias: Parameter, epsilon: Float, output: ElementType? = nil
  ) -> Node {
    let (rows, width) = (x.rows, x.columns)
    let groups = gain.count / max(width, 1)
    precondition(
      groups * width == gain.count && groups > 0 && rows % groups == 0,
      "\(gain.name) \(gain.shape) does not fit \(rows) rows of \(width)")
    let each = { (body: (_ group: Int, _ first: Int, _ rows: Int) -> Void) in
      for group in 0..<groups { body(group * width, group * rows / groups, rows / groups) }
    }
    let type = output ?? precision.computeType
    let gainGradient = gradient(of: gain)
    let biasGradient = gradient(of: bias)
    let out = makeNode(
      x.shape, type,
      needsGradient: x.needsGradient || gainGradient != nil || biasGradient != nil)
    let statistics = makeNode([2, rows])
    each { place, first, count in
      uk_layer_norm(
        x.data + first * width, gain.data + place, bias.data + place, epsilon,
        out.raw + first * width * type.stride, type.kernel, statistics.data + first,
        statistics.data + rows + first, count, width)
    }
    if out.needsGradient {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        let backward = { (target: UnsafeMutableRawPointer, accumulates: Bool) in
          each { place, first, count in
            uk_layer_norm_backward(
              x.data + first * width, gain.data + place, statistics.data + first,
              statistics.data + rows + first, outGradient + first * width * type.stride,
              type.kernel, target.assumingMemoryBound(to: Float.self) + first * width,
              accumulates ? 1 : 0, gainGradient.map { $0 + place },
              biasGradient.map { $0 + place }, count, width)
          }
        }
        guard x.needsGradient else {
          // Only the gain and the bias learn: the input's gradient goes to a spare buffer.
          return withBuffer(bytes: x.count * 4) { backward($0, false) }
        }
        let target = x.gradientTarget()
        backward(target.pointer, target.accumulates)
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

/// Layer normalisation outside a computation, with a gain and a bias that are no parameters.
///
/// - Parameters:
///   - x: `[rows, width]`.
///   - gain: `[width]`.
///   - bias: `[width]`.
///   - epsilon: added to the biased variance, inside the root.
///   - out: room for as many rows.
///   - rows: number of rows.
package func layerNormalize(
  _ x: UnsafePointer<Float>, gain: Tensor, bias: Tensor, epsilon: Float, into out: Tensor, rows: Int
) {
  precondition(gain.count == bias.count && rows * gain.count <= out.count)
  let statistics = Tensor([2, rows])
  uk_layer_norm(
    x, gain.data, bias.data, epsilon, out.data, uk_float32, statistics.data,
    statistics.data + rows, rows, gain.count)
}
