import Results
import Support
import Vision

/// A head that says how much speaks for each class, not only which is best.
package protocol ScoringHead: FittedHead {
  /// The scores of the images of a set.
  ///
  /// - Parameters:
  ///   - set: which images; their labels are not read.
  ///   - context: the checkpoint and the data that the head was fitted on.
  /// - Returns: a row an image, whose softmax are probabilities.
  /// - Throws: `InputError` when an image is unusable.
  func logits(_ set: SplitReference, in context: TaskContext) throws -> ClassLogits
}

/// Scores of images, `[images, classes]`.
package struct ClassLogits: Sendable {
  /// Number of classes.
  package let classes: Int
  /// Image after image.
  package let values: [Float]

  /// Number of images.
  package var count: Int { values.count / max(1, classes) }

  /// The scores of some classes, image after image.
  ///
  /// - Parameter chosen: the classes, in the order that is wanted.
  /// - Returns: `[images, chosen]`.
  package func restricted(to chosen: [Int]) -> ClassLogits {
    ClassLogits(
      classes: chosen.count,
      values: (0..<count).flatMap { image in chosen.map { values[image * classes + $0] } })
  }
}

extension Fields {
  /// Reads the task that fits a classifier, with its settings, below `head`.
  ///
  /// - Parameters:
  ///   - kinds: which may be named.
  ///   - fallback: the one that is taken when none is named.
  /// - Returns: the task.
  /// - Throws: `InputError` with file and line.
  func takeHead(_ kinds: [String], default fallback: String) throws -> any Task {
    let fields = try takeFields("head", "the classifier: its kind and settings")
    let kind = try fields.takeChoice(
      "task", of: kinds, default: fallback, "the kind of task that fits the classifier")
    guard let type = allTasks.first(where: { $0.kind == kind }) else {
      throw fields.error(at: "task", "there is no task '\(kind)'")
    }
    return try type.init(fields: fields)
  }
}

extension Task {
  /// Fits the head of a task that stands in this one's settings.
  /// - Throws: `InputError` when the checkpoint or the data cannot be measured.
  func fitScoring(_ head: any Task, _ context: TaskContext) throws -> any ScoringHead {
    guard let fitted = try head.fit(context) as? any ScoringHead else {
      throw InputError(
        context.definition.name, "\(type(of: head).kind) gives no score for each class",
        "choose linear_probe")
    }
    return fitted
  }
}
