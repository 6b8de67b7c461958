import Foundation
import Results
import Support
import Vision

/// How much a classifier on frozen features loses on a second test set of the same classes, or of some of them.
///
/// CIFAR-10.1, ImageNet-V2, -A, -R, -Sketch, or any folder. Classes are matched by name, or as `classes` says; where the
/// second set has a part of them, the choice is among those only (as ImageNet-A and -R are scored), and the clean
/// accuracy beside it is that on the images of the same classes.
package struct RobustnessShift: Task {
  package static let kind = "robustness_shift"
  package static let summary = "accuracy on a second test set of the same classes"

  private let head: any Task
  private let shift: String?
  private let split: String
  private let classes: [String]
  private let baseline: Baseline?

  /// What clean accuracy predicts: `slope · logit(clean) + intercept`, a logit (Taori and others 2020).
  private struct Baseline {
    let slope: Double
    let intercept: Double

    func predicted(_ clean: Double) -> Double {
      let bounded = min(max(clean, 1e-6), 1 - 1e-6)
      return 1 / (1 + exp(-(slope * log(bounded / (1 - bounded)) + intercept)))
    }
  }

  package init(fields: Fields) throws {
    shift = try fields.takeOptional(
      "shift", as: String.self, "the second test set: kind:path?option=value")
    split = try fields.take("shift_split", default: "test", "the split of it that is scored")
    classes = try fields.take(
      "classes", default: [],
      "for each class of the second set the one of the data that it is; by name when empty")
    let slope = try fields.takeOptional(
      "baseline_slope", in: -100.0...100, "of the line that effective robustness is measured from")
    let intercept = try fields.takeOptional(
      "baseline_intercept", in: -100.0...100, "of that line, both on the scale of logits")
    guard (slope == nil) == (intercept == nil) else {
      throw fields.error(
        at: "baseline_slope", "a line has a slope and an intercept", "give both or none")
    }
    baseline = slope.flatMap { slope in intercept.map { Baseline(slope: slope, intercept: $0) } }
    head = try fields.takeHead(
      ["linear_probe", "attentive_probe", "knn", "classify"], default: "linear_probe")
  }

  package var features: [FeatureRequest] { head.features }
  package var splits: [String] { head.splits }
  package var sets: [SplitReference] { [.test] + (shifted.map { [$0] } ?? []) }

  private var shifted: SplitReference? {
    shift.map { shift in
      var set = SplitReference(split, of: shift)
      set.hasOtherClasses = true
      return set
    }
  }

  package func checkApplies(_ context: TaskContext) throws {
    try head.checkApplies(context)
    _ = try match(context)
  }

  /// For each class of the second set the number of the data's class that it is.
  private func match(_ context: TaskContext) throws -> [Int] {
    guard let shifted else {
      throw InputError(
        context.definition.name, "no second test set is named",
        "name one: --set \(context.definition.name).shift=kind:path")
    }
    let (own, other) = (context.dataset, try context.store.dataset(of: shifted))
    let names = classes.isEmpty ? other.classes : classes
    guard names.count == other.classes.count else {
      throw InputError(
        context.definition.name,
        "classes names \(names.count), \(other.id) has \(other.classes.count) classes",
        "name one of \(own.id) for each, in the order of \(other.id)")
    }
    let numbers = try names.map { name in
      guard let number = own.classes.firstIndex(of: name) else {
        throw InputError(
          other.id, "has the class '\(name)', which \(own.id) has not",
          "say which each is (--set \(context.definition.name).classes=[…]); "
            + suggestion(for: name, among: own.classes))
      }
      return number
    }
    guard Set(numbers).count == numbers.count else {
      throw InputError(
        context.definition.name, "two classes of \(other.id) are one of \(own.id)",
        "name each once")
    }
    return numbers
  }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let fitted = try fitScoring(head, context)
    return ShiftedHead(result: fitted.result, head: fitted, classes: try match(context))
  }

  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    let (clean, shifted) = (scores[0], scores[1])
    result.metrics = shifted.metrics
    result.perClass = shifted.perClass
    result.predictions = shifted.predictions
    result.headline = "top1"
    guard var before = clean.metrics["top1"], let after = shifted.metrics["top1"] else { return }
    // Their outcomes are those of the other set.
    before.outcome = nil
    result.metrics["clean_top1"] = before
    let error = hypot(before.standardError, after.standardError)
    func difference(_ value: Double, _ error: Double, higherIsBetter: Bool) -> Metric {
      let half = normalCriticalValue(0.95) * error
      return Metric(
        value: value, standardError: error, interval: Interval(value - half, value + half),
        count: after.count, higherIsBetter: higherIsBetter)
    }
    result.metrics["accuracy_drop"] = difference(
      before.value - after.value, error, higherIsBetter: false)
    if let baseline {
      let predicted = baseline.predicted(before.value)
      let slope =
        (baseline.predicted(before.value + 1e-4) - baseline.predicted(before.value - 1e-4)) / 2e-4
      result.metrics["effective_robustness"] = difference(
        after.value - predicted, hypot(after.standardError, slope * before.standardError),
        higherIsBetter: true)
    }
  }
}

/// A classifier whose choice is among the classes of the second set.
private struct ShiftedHead: FittedHead {
  let result: TaskResult
  let head: any ScoringHead
  /// The classes of the second set, as numbers of the data's.
  let classes: [Int]

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let images = try context.images(of: set)
    let logits = try head.logits(set, in: context).restricted(to: classes)
    let ids = images.ids
    // Labels in the numbering of the second set; clean images of other classes are left out.
    var numbers = [Int?](repeating: nil, count: context.dataset.classes.count)
    for (number, own) in classes.enumerated() { numbers[own] = number }
    let labels: [Int?] = images.labels.map { set.hasOtherClasses ? $0 : numbers[$0] }
    let scored = labels.indices.filter { labels[$0] != nil }
    guard !scored.isEmpty else {
      throw InputError(
        context.dataset.id, "no test image is of a class of the second set", "check the classes")
    }
    let rows = scored.flatMap {
      logits.values[$0 * classes.count..<($0 + 1) * classes.count]
    }
    return unsafe rows.withUnsafeBufferPointer {
      unsafe SetScore(
        set,
        ClassificationAccuracy(
          ids: scored.map { ids[$0] }, labels: scored.compactMap { labels[$0] }, scores: unsafe $0,
          classes: classes.map { context.dataset.classes[$0] }))
    }
  }
}
