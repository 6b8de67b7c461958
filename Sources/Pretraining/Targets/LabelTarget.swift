import Encoders
import Support
import Tensors

/// The class of each image, as the data set labels it.
///
/// With it the training is not self-supervised, and checkpoints say so (`labels_used`).
struct LabelTarget: Target {
  static let kind = "label"
  static let summary = "the class of each image, from the labels of the data (SupMAE, supervised)"

  private let classes: Int

  init(_ fields: Fields, _ context: PartContext) throws {
    classes = try fields.take(
      "classes", default: context.classes ?? 0, in: 0...1_000_000,
      "of the labels: as many as the data set has")
    guard classes > 0 else {
      throw fields.error(
        at: "kind", "label learns from labels, and the data set has none",
        "use labelled data, or leave the term out")
    }
    guard classes > 1 else {
      throw fields.error(
        at: "kind", "label learns to tell classes apart, and the data set has one",
        "use data of several classes, or leave the term out")
    }
  }

  var shape: PredictionShape { .classes(classes) }
  var readsLabels: Bool { true }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    precondition(slice.labels.count == slice.count, "labels of \(slice.labels.count) views")
    return unsafe graph.constant([slice.count]) { values in
      for (view, label) in slice.labels.enumerated() { unsafe values[view] = Float(label) }
    }
  }
}
