import Support
import Tensors

/// What is predicted; every file of `Targets` is one.
package protocol Target: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for people.
  static var summary: String { get }

  /// Reads the settings.
  /// - Throws: `InputError` for a setting that does not fit the encoder.
  init(_ fields: Fields, _ context: PartContext) throws

  /// What a prediction must look like.
  var shape: PredictionShape { get }
  /// The levels of the teacher that it is made of, from 1; empty where it needs no teacher.
  var teacherLevels: [Int] { get }
  /// Whether it is made of the labels of the data set, so that the training is not self-supervised.
  var readsLabels: Bool { get }
  /// Whether the encoder passes over the hidden patches once more to make it.
  var encodesHiddenPatches: Bool { get }

  /// The values, to which no gradient flows: `[hidden patches, width]`, an image a view, or the number of its class
  /// a view.
  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node
}

extension Target {
  var teacherLevels: [Int] { [] }
  var readsLabels: Bool { false }
  var encodesHiddenPatches: Bool { false }
}

/// A target that can be shown: predictions become pixels again.
protocol PaintableTarget: Target {
  /// Images with hidden patches replaced by what was predicted.
  ///
  /// - Parameters:
  ///   - predictions: float32 `[hidden patches, width]`.
  ///   - slice: the images and which patches are hidden.
  /// - Returns: the images' values, in their layout.
  func painted(_ predictions: Node, into slice: PretrainingSlice) -> [Float]
}
