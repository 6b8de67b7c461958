import Tensors

/// A pre-norm transformer block: `x + attention(norm₁ x)`, then `x + mlp(norm₂ x)`.
///
/// Parameter names are timm's: `norm1`, `attn.qkv`, `attn.proj`, `ls1.gamma`, `norm2`, `mlp.fc1`, …
package struct TransformerBlock: Sendable {
  /// The extents and switches that a block needs.
  package struct Shape: Sendable {
    package var width: Int
    package var heads: Int
    package var mlpWidth: Int
    package var hasQKVBias = true
    package var hasLayerScale = false
    package var normEpsilon: Float = 1e-6
    package var activation = Activation.gelu
    package var mlp = VisionTransformerConfiguration.MLP.plain

    /// A plain block.
    package init(width: Int, heads: Int, mlpWidth: Int) {
      self.width = width
      self.heads = heads
      self.mlpWidth = mlpWidth
    }
  }

  private let shape: Shape
  private let norm1: NormParameters
  private let qkv: LinearParameters
  private let projection: LinearParameters
  private let scale1: Parameter?
  private let norm2: NormParameters
  private let first: LinearParameters
  private let second: LinearParameters
  private let scale2: Parameter?

  /// Declares the parameters of a block under `prefix` (for example `blocks.0`).
  package init(_ shape: Shape, prefix: String, in store: ParameterStore) {
    self.shape = shape
    let width = shape.width
    norm1 = NormParameters(store, "\(prefix).norm1", width)
    qkv = LinearParameters(store, "\(prefix).attn.qkv", width, 3 * width, shape.hasQKVBias)
    projection = LinearParameters(store, "\(prefix).attn.proj", width, width)
    scale1 = shape.hasLayerScale ? store.add("\(prefix).ls1.gamma", [width]) : nil
    norm2 = NormParameters(store, "\(prefix).norm2", width)
    let gates = shape.mlp == .swiGLU ? 2 : 1
    first = LinearParameters(store, "\(prefix).mlp.fc1", width, gates * shape.mlpWidth)
    second = LinearParameters(store, "\(prefix).mlp.fc2", shape.mlpWidth, width)
    scale2 = shape.hasLayerScale ? store.add("\(prefix).ls2.gamma", [width]) : nil
  }

  /// `[batch, tokens, width]` to the same shape, float32.
  ///
  /// - Parameters:
  ///   - x: the residual stream.
  ///   - graph: the computation.
  ///   - bias: added to attention scores, `[heads, tokens, tokens]`.
  ///   - rotation: turns queries and keys before the attention.
  ///   - observe: receives queries, keys and values, `[batch, tokens, 3 × width]`, as the attention reads them.
  /// - Returns: the residual stream after the block.
  package func callAsFunction(
    _ x: Node, in graph: Graph, bias: Node? = nil, rotation: Rotation? = nil,
    observe: (Node) -> Void = { _ in }
  ) -> Node {
    var projected = graph.linear(
      norm1(x, graph, shape.normEpsilon), weight: qkv.weight, bias: qkv.bias)
    if let rotation { projected = graph.rotated(projected, heads: shape.heads, by: rotation) }
    observe(projected)
    let attended = graph.attention(projected, heads: shape.heads, bias: bias)
    let middle = joined(x, attended, projection, scale1, graph)
    let normed = norm2(middle, graph, shape.normEpsilon)
    return joined(middle, hidden(normed, graph), second, scale2, graph)
  }

  /// The end of a branch: `residual + scale · linear(branch)`.
  private func joined(
    _ residual: Node, _ branch: Node, _ linear: LinearParameters, _ scale: Parameter?,
    _ graph: Graph
  ) -> Node {
    guard let scale else {
      return graph.linear(branch, weight: linear.weight, bias: linear.bias, residual: residual)
    }
    let out = graph.linear(branch, weight: linear.weight, bias: linear.bias, output: .float32)
    return graph.scaled(out, by: scale, residual: residual)
  }

  private func hidden(_ x: Node, _ graph: Graph) -> Node {
    switch shape.mlp {
    case .plain:
      return graph.linear(
        x, weight: first.weight, bias: first.bias, activation: shape.activation)
    case .swiGLU:
      let both = graph.linear(x, weight: first.weight, bias: first.bias, output: .float32)
      return graph.gatedSiLU(both)
    }
  }
}

extension TransformerBlock.Shape {
  /// Floating-point operations of the matrix products of a forward pass, two for each multiply-add.
  ///
  /// - Parameter tokens: length of the sequence.
  /// - Returns: `2 · tokens · (4 width² + 2 or 3 · width · mlpWidth) + 4 · tokens² · width`.
  package func forwardFLOPs(tokens: Int) -> Double {
    let (n, d, m) = (Double(tokens), Double(width), Double(mlpWidth))
    let layers = mlp == .swiGLU ? 3.0 : 2.0
    return 2 * n * (4 * d * d + layers * d * m) + 4 * n * n * d
  }
}

/// The weight and bias of a linear layer.
package struct LinearParameters: Sendable {
  /// The matrix, `[out, in]`.
  package let weight: Parameter
  /// The bias, `[out]`.
  package let bias: Parameter?

  /// Declares `name.weight` and, unless `hasBias` is false, `name.bias`.
  package init(
    _ store: ParameterStore, _ name: String, _ inputs: Int, _ outputs: Int, _ hasBias: Bool = true
  ) {
    weight = store.add("\(name).weight", [outputs, inputs])
    bias = hasBias ? store.add("\(name).bias", [outputs]) : nil
  }
}

/// The gain and bias of a layer norm.
package struct NormParameters: Sendable {
  package let gain: Parameter
  package let bias: Parameter

  /// Declares `name.weight` and `name.bias`.
  package init(_ store: ParameterStore, _ name: String, _ width: Int) {
    gain = store.add("\(name).weight", [width])
    bias = store.add("\(name).bias", [width])
  }

  /// Normalises `x`; the result is in the compute type unless `output` says otherwise.
  package func callAsFunction(
    _ x: Node, _ graph: Graph, _ epsilon: Float, output: ElementType? = nil
  ) -> Node {
    graph.layerNorm(x, gain: gain, bias: bias, epsilon: epsilon, output: output)
  }
}
