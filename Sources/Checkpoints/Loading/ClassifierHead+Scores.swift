import Tensors

extension ClassifierHead {
  /// Rows that pass through the product together.
  private static let chunk = 1024

  /// The scores of images from the features that `pooling` names.
  ///
  /// - Parameters:
  ///   - features: `[images, width]`.
  ///   - images: number of rows.
  /// - Returns: `[images, classes]`, before any softmax.
  package func scores(_ features: UnsafePointer<Float>, images: Int) -> Tensor {
    let scores = Tensor([images, classes])
    let gemm = Gemm(workspace: Workspace())
    let normalized = Tensor([norm == nil ? 0 : min(Self.chunk, images), width])
    for start in stride(from: 0, to: images, by: Self.chunk) {
      let count = min(Self.chunk, images - start)
      var rows = unsafe features + start * width
      if let norm {
        unsafe layerNormalize(
          rows, gain: norm.gain, bias: norm.bias, epsilon: norm.epsilon, into: normalized,
          rows: count)
        unsafe rows = unsafe UnsafePointer(normalized.data)
      }
      unsafe gemm.multiply(
        rows, byTransposed: weight.data, into: scores.data + start * classes, rows: count,
        columns: classes, inner: width, bias: bias.map { unsafe UnsafePointer($0.data) })
    }
    return scores
  }
}
