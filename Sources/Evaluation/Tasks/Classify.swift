import Checkpoints
import Foundation
import Results
import Support
import Tensors
import Vision

/// The classifier that came with a checkpoint, scored as it is: nothing is trained.
///
/// Output `i` stands for class `i` of the data, or output `outputs[i]` where the data has a part of
/// the classes that the classifier knows. Ties go to the lower class.
package struct Classify: Task {
  package static let kind = "classify"
  package static let summary = "the checkpoint's own classifier, as it is"

  private let request = FeatureRequest(.classifier)
  private let split: String
  private let outputs: [Int]

  package init(fields: Fields) throws {
    split = try fields.takeChoice(
      "split", of: ["train", "validation", "test"], default: "test", "the images that are scored")
    outputs = try fields.take(
      "outputs", default: [], in: 0...1_000_000,
      "outputs of the classifier that stand for the classes of the data, in their order; "
        + "all when empty")
    guard Set(outputs).count == outputs.count else {
      throw fields.error(at: "outputs", "an output stands for two classes", "name each once")
    }
  }

  package var features: [FeatureRequest] { [request] }
  package var splits: [String] { [split] }
  package var sets: [SplitReference] { [SplitReference(split)] }

  package func checkApplies(_ context: TaskContext) throws {
    let head = try context.subject.ownClassifier
    _ = try context.images(of: SplitReference(split))
    let (source, classes) = (context.subject.source, context.dataset.classes.count)
    let known = ProgressText.grouped(head.classes)
    guard !outputs.isEmpty else {
      guard head.classes == classes else {
        throw InputError(
          source,
          "its classifier has \(known) outputs, \(context.dataset.id) has \(classes) classes",
          "use the data that it was trained on, name the outputs that stand for the classes "
            + "(--set \(context.definition.name).outputs=[0,5,…]), or train a head: linear_probe")
      }
      return
    }
    guard outputs.count == classes else {
      throw InputError(
        context.definition.name,
        "outputs names \(outputs.count) of them, \(context.dataset.id) has \(classes) classes",
        "name one for each class, in the order of the classes")
    }
    guard let last = outputs.max(), last < head.classes else {
      throw InputError(
        context.definition.name, "outputs names \(outputs.max() ?? 0), the classifier has \(known)",
        "they count from 0 to \(head.classes - 1)")
    }
  }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let images = try context.images(of: SplitReference(split))
    var result = try context.blankResult(reading: request, splits: [split: images.count])
    let head = try context.subject.ownClassifier
    if let order = context.dataset.reading.classOrder {
      result.details = ["class_order": .string(order.rawValue)]
    }
    result.headParameters = head.weight.count + (head.bias?.count ?? 0)
    return OwnClassifier(result: result, request: request, head: head, outputs: outputs)
  }
}

/// The classifier of a checkpoint, ready to be scored.
private struct OwnClassifier: ScoringHead {
  let result: TaskResult
  let request: FeatureRequest
  let head: ClassifierHead
  let outputs: [Int]

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    return try unsafe logits(set, in: context).values.withUnsafeBufferPointer {
      unsafe SetScore(
        set,
        ClassificationAccuracy(
          ids: images.ids, labels: images.labels, scores: $0, classes: context.dataset.classes))
    }
  }

  func logits(_ set: SplitReference, in context: TaskContext) throws -> ClassLogits {
    let features = try context.features(request, of: set)
    let scores = withExtendedLifetime(features) {
      unsafe head.scores(features.floats, images: features.count)
    }
    return ClassLogits(
      classes: context.dataset.classes.count,
      values: outputs.isEmpty ? scores.array : selected(scores))
  }

  /// The scores of `outputs`, row by row.
  private func selected(_ scores: Tensor) -> [Float] {
    let (images, classes) = (scores.shape[0], scores.shape[1])
    var result: [Float] = []
    result.reserveCapacity(images * outputs.count)
    for image in 0..<images {
      let row = unsafe scores.data + image * classes
      for output in outputs { unsafe result.append(row[output]) }
    }
    return result
  }
}
