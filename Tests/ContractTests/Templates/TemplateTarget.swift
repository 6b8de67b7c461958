import Support
import Tensors

@testable import Pretraining

/// What is predicted: … (say what, and where it was published: paper, section).
struct TemplateTarget: Target {
  static let kind = "template"
  static let summary = "the whole image, as a start"

  init(_ fields: Fields, _ context: PartContext) throws {}

  var shape: PredictionShape { .image }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    // A row for each hidden patch where `shape` says so; no gradient flows to what is returned.
    slice.images
  }
}
