import CKernels
import Foundation

/// The gain, bias and running statistics of a batch norm.
package struct BatchNormParameters: Sendable {
  package let gain: Parameter
  package let bias: Parameter
  package let statistics: RunningStatistics
  /// Added to the variance, inside the root; PyTorch's.
  package let epsilon = 1e-5

  /// Declares `name.weight`, `name.bias` and the running statistics, in PyTorch's order.
  package init(_ store: ParameterStore, _ name: String, _ width: Int) {
    gain = store.add("\(name).weight", [width])
    bias = store.add("\(name).bias", [width])
    statistics = RunningStatistics(store, name, width)
  }
}

extension Graph {
  /// A convolution, the batch norm after it, a residual and ReLU: `max(norm(x ⋆ W) + residual, 0)`.
  ///
  /// Where nothing is to be differentiated and the norm is in evaluation mode it is folded into the weights, one pass
  /// instead of two; the results differ by rounding alone.
  /// - Parameters:
  ///   - x: `[batch, height, width, in]`.
  ///   - weight: `[out, in / groups, kernel height, kernel width]`.
  ///   - norm: `[out]`.
  ///   - options: stride, padding, dilation and groups.
  ///   - residual: added to the result, which is of the same shape; float32.
  ///   - rectified: whether negative results become 0.
  /// - Returns: float32 `[batch, height', width', out]`.
  package func convolution(
    _ x: Node, weight: Parameter, norm: BatchNormParameters,
    options: ConvolutionOptions = ConvolutionOptions(),
    residual: Node? = nil, rectified: Bool = false
  ) -> Node {
    let isFixed =
      !trains(norm.gain.store) && !trains(weight.store) && !x.needsGradient
      && residual?.needsGradient != true
    guard isFixed else {
      let plain = convolution(x, weight: weight, options: options, output: .float32)
      return batchNorm(
        plain, gain: norm.gain, bias: norm.bias, statistics: norm.statistics,
        epsilon: Float(norm.epsilon), residual: residual, rectified: rectified)
    }
    return foldedConvolution(x, weight, norm, options, residual, rectified)
  }

  private func foldedConvolution(
    _ x: Node, _ weight: Parameter, _ norm: BatchNormParameters, _ options: ConvolutionOptions,
    _ residual: Node?, _ rectified: Bool
  ) -> Node {
    let x = converted(x, to: precision.computeType)
    var shape = convolutionShape(x, weight, options)
    shape.outType = .float32
    (shape.hasBias, shape.adds, shape.rectifies) = (true, residual != nil, rectified)
    let out = makeNode([shape.batch, shape.outHeight, shape.outWidth, shape.outChannels])
    if let residual {
      precondition(residual.shape == out.shape, "residual \(residual.shape) onto \(out.shape)")
      uk_convert(residual.raw, residual.type.kernel, out.raw, uk_float32, out.count)
    }
    let prepared = workspace.convolution(shape, .forward)
    withFolded(weight, norm, shape.type, for: prepared) { weights, bias in
      prepared.run(
        source: x.raw, weights: weights, bias: bias, destination: out.raw, in: workspace)
    }
    return out
  }

  /// Runs `body` with folded weights as a convolution reads them, and the bias that belongs to them.
  private func withFolded(
    _ weight: Parameter, _ norm: BatchNormParameters, _ type: ElementType,
    for prepared: any PreparedConvolution,
    _ body: (UnsafeMutableRawPointer, UnsafePointer<Float>) -> Void
  ) {
    let plainBytes = weight.count * type.stride
    let weightBytes = prepared.packedBytes == 0 ? plainBytes : prepared.packedBytes
    // The bias begins on a cache line.
    let biasOffset = (weightBytes + 63) / 64 * 64
    let bytes = biasOffset + weight.shape[0] * 4
    let bias = { (memory: UnsafeMutableRawPointer) in
      (memory + biasOffset).assumingMemoryBound(to: Float.self)
    }
    let fill = { [self] (memory: UnsafeMutableRawPointer) in
      withBuffer(bytes: weight.count * 4) { buffer in
        let folded = buffer.assumingMemoryBound(to: Float.self)
        norm.fold(weight, into: folded, bias: bias(memory))
        withOperand(buffer, .float32, count: weight.count) { weights in
          guard prepared.packedBytes > 0 else {
            return memory.copyMemory(from: weights, byteCount: plainBytes)
          }
          prepared.pack(weights, into: memory)
        }
      }
    }
    let key = PackedWeights.Key(
      offset: weight.offset, type: type, layout: prepared.layout, norm: norm.gain.offset)
    if let kept = weight.store.packed.kept(key, bytes: bytes, fill) {
      return body(kept, bias(kept))
    }
    withBuffer(bytes: bytes) { memory in
      fill(memory)
      body(memory, bias(memory))
    }
  }
}

extension BatchNormParameters {
  /// The weights and bias of one convolution that does the work of `weight` and the norm in evaluation mode.
  ///
  /// `scale = gain / √(variance + ε)`; weights times scale, `bias − mean · scale`.
  fileprivate func fold(
    _ weight: Parameter, into folded: UnsafeMutablePointer<Float>,
    bias foldedBias: UnsafeMutablePointer<Float>
  ) {
    let length = weight.count / weight.shape[0]
    for channel in 0..<weight.shape[0] {
      let variance = Double(statistics.variance.data[channel])
      let scale = Double(gain.data[channel]) / (variance + epsilon).squareRoot()
      let row = channel * length
      for index in row..<row + length { folded[index] = Float(Double(weight.data[index]) * scale) }
      let mean = Double(statistics.mean.data[channel])
      foldedBias[channel] = Float(Double(bias.data[channel]) - mean * scale)
    }
  }
}
