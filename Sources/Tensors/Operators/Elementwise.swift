import CKernels

extension Graph {
  /// The mean of values of one shape, for targets.
  ///
  /// - Parameter values: float32; at least one. No gradient reaches them.
  /// - Returns: float32, of their shape.
  package func mean(of values: [Node]) -> Node {
    let out = makeNode(values[0].shape)
    for (index, value) in values.enumerated() {
      uk_add(value.raw, uk_float32, out.data, index == 0 ? 0 : 1, out.count)
    }
    uk_scale(out.data, 1 / Float(values.count), out.data, out.count)
    return out
  }

  /// `a + b` of equal shapes, in float32.
  package func add(_ a: Node, _ b: Node) -> Node {
    precondition(a.shape == b.shape, "\(a.shape) and \(b.shape) cannot be added")
    let out = makeNode(a.shape, needsGradient: a.needsGradient || b.needsGradient)
    out.data.update(from: a.data, count: a.count)
    uk_add(b.data, uk_float32, out.data, 1, b.count)
    if out.needsGradient {
      record { [self] in
        guard let d = out.storage.gradient else { return }
        for input in [a, b] where input.needsGradient { addGradient(d, out.type, to: input) }
      }
    }
    return out
  }

  /// `x · factor`, of float32 values.
  package func scaled(_ x: Node, by factor: Float) -> Node {
    let out = makeNode(x.shape, needsGradient: x.needsGradient)
    uk_scale(x.data, factor, out.data, x.count)
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        uk_scale(d, factor, d, out.count)
        passGradient(of: out, to: x)
      }
    }
    return out
  }

  /// Layer scale: `x · gain (+ residual)`, column by column.
  ///
  /// Touvron et al. 2021.
  ///
  /// - Parameters:
  ///   - x: float32 `[…, width]`.
  ///   - gain: `[width]`, or `[groups × width]`: as many equal runs of rows have a gain of their own.
  ///   - residual: float32, of the same shape as `x`.
  /// - Returns: float32, of the same shape.
  package func scaled(_ x: Node, by gain: Parameter, residual: Node? = nil) -> Node {
    let (width, groups) = (x.columns, gain.count / max(x.columns, 1))
    precondition(
      groups * width == gain.count && groups > 0 && x.rows % groups == 0,
      "\(gain.name) \(gain.shape) does not fit \(x.shape)")
    let rows = x.rows / groups
    let gainGradient = gradient(of: gain)
    let out = makeNode(
      x.shape,
      needsGradient: x.needsGradient || gainGradient != nil || residual?.needsGradient ?? false)
    if let residual { out.data.update(from: residual.data, count: x.count) }
    for group in 0..<groups {
      let (place, start) = (group * width, group * rows * width)
      uk_scale_columns(
        x.data + start, gain.data + place, out.data + start, residual == nil ? 0 : 1, rows, width)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        let target = x.needsGradient ? x.gradientTarget() : nil
        for group in 0..<groups {
          let (place, start) = (group * width, group * rows * width)
          if let gainGradient {
            uk_column_products(d + start, x.data + start, gainGradient + place, rows, width)
          }
          if let target {
            uk_scale_columns(
              d + start, gain.data + place,
              target.pointer.assumingMemoryBound(to: Float.self) + start,
              target.accumulates ? 1 : 0, rows, width)
          }
        }
        if let residual, residual.needsGradient { passGradient(of: out, to: residual) }
      }
    }
    return out
  }

  /// `f(x)`, element by element, in the type of `x`.
  package func activated(_ x: Node, _ activation: Activation) -> Node {
    let out = makeNode(x.shape, x.type, needsGradient: x.needsGradient)
    uk_activate(activation.kernel, x.raw, out.raw, x.type.kernel, x.count)
    if out.needsGradient {
      record { [self] in
        guard let d = out.storage.gradient else { return }
        uk_activate_backward(
          activation.kernel, x.raw, d, d, x.type.kernel, nil, x.rows, x.columns)
        passGradient(of: out, to: x)
      }
    }
    return out
  }

  /// `a · b` of equal shapes, in float32.
  package func multiplied(_ a: Node, _ b: Node) -> Node {
    precondition(a.shape == b.shape, "\(a.shape) and \(b.shape) cannot be multiplied")
    let out = makeNode(a.shape, needsGradient: a.needsGradient || b.needsGradient)
    uk_multiply(a.data, b.data, out.data, 0, a.count)
    if out.needsGradient {
      record {
        guard let d = out.gradient else { return }
        for (input, other) in [(a, b), (b, a)] where input.needsGradient {
          let (pointer, accumulates) = input.gradientTarget()
          uk_multiply(
            d, other.data, pointer.assumingMemoryBound(to: Float.self), accumulates ? 1 : 0,
            input.count)
        }
      }
    }
    return out
  }

  /// `silu(a) ⊙ b` where a row of `x` holds `a` and `b` side by side (Shazeer 2020).
  ///
  /// - Parameter x: float32 `[…, 2 × width]`.
  /// - Returns: float32 `[…, width]`.
  package func gatedSiLU(_ x: Node) -> Node {
    let (rows, width) = (x.rows, x.columns / 2)
    let half = { [self] (second: Bool) -> Node in
      let part = makeNode(x.shape.dropLast() + [width], needsGradient: x.needsGradient)
      let start = second ? width : 0
      for row in 0..<rows {
        (part.data + row * width).update(from: x.data + row * 2 * width + start, count: width)
      }
      if part.needsGradient {
        record {
          guard let d = part.gradient else { return }
          let (pointer, accumulates) = x.gradientTarget()
          let target = pointer.assumingMemoryBound(to: Float.self)
          if !accumulates { target.update(repeating: 0, count: x.count) }
          for row in 0..<rows {
            uk_add(d + row * width, uk_float32, target + row * 2 * width + start, 1, width)
          }
        }
      }
      return part
    }
    return multiplied(activated(half(false), .silu), half(true))
  }
}
