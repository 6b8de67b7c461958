import CKernels
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
    let statistics = Tensor([2, Self.chunk])
    for start in stride(from: 0, to: images, by: Self.chunk) {
      let count = min(Self.chunk, images - start)
      var rows = features + start * width
      if let norm {
        uk_layer_norm(
          rows, norm.gain.data, norm.bias.data, norm.epsilon, normalized.data, uk_float32,
          statistics.data, statistics.data + Self.chunk, count, width)
        rows = UnsafePointer(normalized.data)
      }
      gemm.multiply(
        rows, byTransposed: weight.data, into: scores.data + start * classes, rows: count,
        columns: classes, inner: width, bias: bias.map { UnsafePointer($0.data) })
    }
    return scores
  }
}
