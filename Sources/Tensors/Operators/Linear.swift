import CKernels

/// The non-linearity of a multilayer perceptron.
package enum Activation: String, Sendable, CaseIterable {
  /// `x·Φ(x)` with the exact error function.
  case gelu
  /// The tanh approximation of GELU.
  case geluTanh
  /// `x·sigmoid(1.702 x)`
  case quickGELU
  /// `x·sigmoid(x)`
  case silu
  /// `max(x, 0)`
  case relu

  var kernel: uk_activation {
    switch self {
    case .gelu: uk_gelu
    case .geluTanh: uk_gelu_tanh
    case .quickGELU: uk_quick_gelu
    case .silu: uk_silu
    case .relu: uk_relu
    }
  }
}

extension Graph {
  /// `out = x Wᵀ + b (+ residual)`.
  ///
  /// - Parameters:
  ///   - x: `[…, in]`.
  ///   - weight: `[out, in]`, as in PyTorch.
  ///   - bias: `[out]`.
  ///   - residual: float32 `[…, out]`, added to the result, which is then float32.
  ///   - output: the type of the result without a residual; the compute type when nil.
  /// - Returns: `[…, out]`.
  package func linear(
    _ x: Node, weight: Parameter, bias: Parameter?, residual: Node? = nil,
    output: ElementType? = nil
  ) -> Node {
    let compute = precision.computeType
    let x = converted(x, to: compute)
    let (rows, inner, columns) = (x.rows, x.columns, weight.count / x.columns)
    precondition(
      weight.shape.first == columns && columns * inner == weight.count,
      "\(weight.name) \(weight.shape) does not take rows of \(inner)")
    let weightGradient = gradient(of: weight)
    let biasGradient = gradient(of: bias)
    let type = residual == nil ? output ?? compute : .float32
    let needsGradient =
      x.needsGradient || weightGradient != nil || biasGradient != nil
      || residual?.needsGradient ?? false
    let out = makeNode(x.shape.dropLast() + [columns], type, needsGradient: needsGradient)
    multiply(
      ProductShape(
        rows: rows, columns: columns, inner: inner, a: .init(row: inner, column: 1),
        b: .init(row: 1, column: inner), c: .init(row: columns, column: 1), aType: compute,
        bType: compute, cType: type, hasBias: bias != nil,
        addition: residual == nil ? .overwrite : .addMatrix),
      x.raw, weight.operand(compute), into: out.raw, bias: bias.map { UnsafePointer($0.data) },
      adding: residual.map { UnsafePointer($0.data) })
    if out.needsGradient {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        if let biasGradient {
          uk_column_sums(outGradient, type.kernel, biasGradient, rows, columns)
        }
        linearBackward(x, weight, outGradient, type, weightGradient: weightGradient)
        if let residual, residual.needsGradient { passGradient(of: out, to: residual) }
      }
    }
    return out
  }

  /// `out = f(x Wᵀ + b)`, the first half of a multilayer perceptron.
  ///
  /// - Parameters:
  ///   - x: `[…, in]`.
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  ///   - activation: `f`.
  /// - Returns: `[…, out]` in the compute type.
  package func linear(_ x: Node, weight: Parameter, bias: Parameter?, activation: Activation)
    -> Node
  {
    let compute = precision.computeType
    let x = converted(x, to: compute)
    let (rows, inner, columns) = (x.rows, x.columns, weight.count / x.columns)
    let weightGradient = gradient(of: weight)
    let biasGradient = gradient(of: bias)
    let out = makeNode(
      x.shape.dropLast() + [columns], compute,
      needsGradient: x.needsGradient || weightGradient != nil || biasGradient != nil)
    let before = out.needsGradient ? makeNode(out.shape, compute) : out
    multiply(
      ProductShape(
        rows: rows, columns: columns, inner: inner, a: .init(row: inner, column: 1),
        b: .init(row: 1, column: inner), c: .init(row: columns, column: 1), aType: compute,
        bType: compute, cType: compute, hasBias: bias != nil),
      x.raw, weight.operand(compute), into: before.raw, bias: bias.map { UnsafePointer($0.data) })
    uk_activate(activation.kernel, before.raw, out.raw, compute.kernel, out.count)
    if out.needsGradient {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        uk_activate_backward(
          activation.kernel, before.raw, outGradient, outGradient, compute.kernel, biasGradient,
          rows, columns)
        linearBackward(x, weight, outGradient, compute, weightGradient: weightGradient)
      }
    }
    return out
  }

  /// Adds `dYᵀ X` to the weight's gradient and `dY W` to that of `x`.
  private func linearBackward(
    _ x: Node, _ weight: Parameter, _ outGradient: UnsafeMutableRawPointer, _ type: ElementType,
    weightGradient: UnsafeMutablePointer<Float>?
  ) {
    let compute = precision.computeType
    let (rows, inner, columns) = (x.rows, x.columns, weight.count / x.columns)
    withOperand(outGradient, type, count: rows * columns) { d in
      if let weightGradient {
        multiply(
          ProductShape(
            rows: columns, columns: inner, inner: rows, a: .init(row: 1, column: columns),
            b: .init(row: inner, column: 1), c: .init(row: inner, column: 1), aType: compute,
            bType: compute, addition: .accumulate),
          d, x.raw, into: UnsafeMutableRawPointer(weightGradient))
      }
      guard x.needsGradient else { return }
      let target = x.gradientTarget()
      multiply(
        ProductShape(
          rows: rows, columns: inner, inner: columns, a: .init(row: columns, column: 1),
          b: .init(row: inner, column: 1), c: .init(row: inner, column: 1), aType: compute,
          bType: compute, cType: x.type,
          addition: target.accumulates ? .accumulate : .overwrite),
        d, weight.operand(compute), into: target.pointer)
    }
  }
}
