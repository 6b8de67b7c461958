import Support
import Tensors

/// The whole image, before anything was taken from it (MFM).
struct ImageTarget: Target {
  static let kind = "image"
  static let summary = "the whole image before anything was taken from it (MFM)"

  init(_ fields: Fields, _ context: PartContext) throws {}

  var shape: PredictionShape { .image }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    slice.images
  }
}
