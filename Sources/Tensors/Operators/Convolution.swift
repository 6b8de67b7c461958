import CKernels

/// How a window moves over a feature map; the same along height and width.
package struct ConvolutionOptions: Hashable, Sendable {
  package var stride: Int
  package var padding: Int
  package var dilation: Int
  package var groups: Int

  /// Steps of `stride` over an image with `padding` zeros around it.
  package init(stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }
}

extension Graph {
  /// Two-dimensional convolution (cross-correlation) of channels-last feature maps.
  ///
  /// With a residual or rectified, `out = max(x ⋆ W + b + residual, 0)` in one pass.
  /// - Parameters:
  ///   - x: `[batch, height, width, in]`.
  ///   - weight: `[out, in / groups, kernel height, kernel width]`, as in PyTorch.
  ///   - bias: `[out]`.
  ///   - options: stride, padding, dilation and groups.
  ///   - residual: added to the result, which is of the same shape.
  ///   - rectified: whether negative results become 0.
  ///   - output: the type of the result; the compute type when nil.
  /// - Returns: `[batch, height', width', out]`.
  package func convolution(
    _ x: Node, weight: Parameter, bias: Parameter? = nil,
    options: ConvolutionOptions = ConvolutionOptions(),
    residual: Node? = nil, rectified: Bool = false, output: ElementType? = nil
  ) -> Node {
    let x = converted(x, to: precision.computeType)
    var shape = convolutionShape(x, weight, options)
    shape.outType = output ?? precision.computeType
    (shape.hasBias, shape.adds, shape.rectifies) = (bias != nil, residual != nil, rectified)
    let weightGradient = gradient(of: weight)
    let biasGradient = gradient(of: bias)
    let out = makeNode(
      [shape.batch, shape.outHeight, shape.outWidth, shape.outChannels], shape.outType,
      needsGradient: x.needsGradient || weightGradient != nil || biasGradient != nil
        || residual?.needsGradient ?? false)
    if let residual {
      precondition(residual.shape == out.shape, "residual \(residual.shape) onto \(out.shape)")
      uk_convert(residual.raw, residual.type.kernel, out.raw, out.type.kernel, out.count)
    }
    let prepared = workspace.convolution(shape, .forward)
    withPacked(weight, shape.type, for: prepared) { weights in
      prepared.run(
        source: x.raw, weights: weights, bias: bias.map { UnsafePointer($0.data) },
        destination: out.raw, in: workspace)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.storage.gradient else { return }
        if rectified {
          uk_activate_backward(
            uk_relu, out.raw, d, d, out.type.kernel, nil, out.rows, out.columns)
        }
        if let biasGradient {
          uk_column_sums(d, out.type.kernel, biasGradient, out.rows, out.columns)
        }
        convolutionBackward(x, weight, d, shape, weightGradient: weightGradient)
        if let residual, residual.needsGradient {
          addGradient(d, out.type, to: residual)
        }
      }
    }
    return out
  }

  func convolutionShape(_ x: Node, _ weight: Parameter, _ options: ConvolutionOptions)
    -> ConvolutionShape
  {
    precondition(x.shape.count == 4, "a feature map has four dimensions, not \(x.shape)")
    let shape = ConvolutionShape(
      batch: x.shape[0], inChannels: x.shape[3], inHeight: x.shape[1], inWidth: x.shape[2],
      outChannels: weight.shape[0], kernelHeight: weight.shape[2], kernelWidth: weight.shape[3],
      stride: options.stride, padding: options.padding, dilation: options.dilation,
      groups: options.groups, type: x.type, outType: x.type)
    precondition(
      weight.shape[1] * options.groups == shape.inChannels
        && shape.outChannels % options.groups == 0 && shape.outHeight > 0 && shape.outWidth > 0,
      "\(weight.name) \(weight.shape) in \(options.groups) groups does not fit \(x.shape)")
    return shape
  }

  /// Adds to the weight's gradient and to that of `x`.
  private func convolutionBackward(
    _ x: Node, _ weight: Parameter, _ outGradient: UnsafeMutableRawPointer,
    _ shape: ConvolutionShape, weightGradient: UnsafeMutablePointer<Float>?
  ) {
    let plain = shape.plain
    let count = shape.batch * shape.outHeight * shape.outWidth * shape.outChannels
    withOperand(outGradient, shape.outType, count: count) { d in
      if let weightGradient {
        let prepared = workspace.convolution(plain, .weightsGradient)
        withBuffer(bytes: prepared.packedBytes) { packed in
          prepared.run(
            source: x.raw, weights: packed, bias: nil, destination: d, in: workspace)
          prepared.add(packed, to: weightGradient)
        }
      }
      guard x.needsGradient else { return }
      let prepared = workspace.convolution(plain, .sourceGradient)
      withPacked(weight, shape.type, for: prepared) { weights in
        let target = x.gradientTarget()
        guard target.accumulates else {
          return prepared.run(
            source: target.pointer, weights: weights, bias: nil, destination: d, in: workspace)
        }
        withBuffer(bytes: x.storage.bytes) { part in
          prepared.run(
            source: part, weights: weights, bias: nil, destination: d, in: workspace)
          addGradient(part, x.type, to: x)
        }
      }
    }
  }

  /// Runs `body` with the weights as a convolution reads them.
  private func withPacked(
    _ weight: Parameter, _ type: ElementType, for prepared: any PreparedConvolution,
    _ body: (UnsafeMutableRawPointer) -> Void
  ) {
    if prepared.packedBytes == 0 {
      return body(UnsafeMutableRawPointer(mutating: weight.operand(type)))
    }
    if let kept = weight.store.packed.packed(weight, type, for: prepared) { return body(kept) }
    withBuffer(bytes: prepared.packedBytes) { packed in
      prepared.pack(weight.operand(type), into: packed)
      body(packed)
    }
  }
}
