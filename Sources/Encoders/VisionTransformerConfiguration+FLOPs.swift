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

extension VisionTransformerConfiguration {
  /// Floating-point operations of the matrix products of a forward pass over one image.
  ///
  /// Two for each multiply-add; norms, activations and softmax are not counted, as is usual.
  /// - Parameter patches: how many patches are seen; the embedding and the blocks work on no others.
  /// - Returns: the number of operations.
  package func forwardFLOPs(patches: Int) -> Double {
    let embedding = 2 * Double(patches * channels * patch * patch * width)
    return embedding + Double(depth) * blockShape.forwardFLOPs(tokens: prefixTokens + patches)
  }
}
