import Foundation

/// What was scored of one class.
package struct ClassResult: Equatable, Sendable {
  /// The class's name.
  package var name: String
  /// The metric restricted to the class; nil when the test set has no example of it.
  package var metric: Metric?

  /// The result of one class.
  package init(name: String, metric: Metric?) {
    self.name = name
    self.metric = metric
  }
}

/// A classifier's accuracies over a test set.
package struct ClassificationAccuracy: Sendable {
  /// `top1`, `mean_per_class` and, with more than five classes and scores, `top5`.
  package let metrics: [String: Metric]
  /// The accuracy of each class.
  package let perClass: [ClassResult]
  /// The outcomes, with the column `correct_top5` when scores were given.
  package let predictions: Predictions

  /// Scores class predictions.
  ///
  /// - Parameters:
  ///   - ids: what identifies each example.
  ///   - labels: the true classes, in `0..<classes.count`.
  ///   - predictions: the predicted classes.
  ///   - inTopFive: whether the true class was among the five best; nil when not known.
  ///   - classes: the names of the classes.
  package init(
    ids: [String], labels: [Int], predictions: [Int], inTopFive: [Bool]? = nil, classes: [String]
  ) {
    var table = Predictions(ids: ids, labels: labels, predictions: predictions)
    var right = [Int](repeating: 0, count: classes.count)
    var total = right
    for (label, prediction) in zip(labels, predictions) {
      precondition(classes.indices.contains(label), "label \(label) of \(classes.count) classes")
      total[label] += 1
      right[label] += label == prediction ? 1 : 0
    }
    var metrics = [
      "top1": Metric.proportion(right.reduce(0, +), of: labels.count, column: "correct"),
      "mean_per_class": meanPerClassAccuracy(right: right, total: total),
    ]
    if let inTopFive, classes.count > 5 {
      table.add(PredictionColumn("correct_top5", .boolean(inTopFive.map { $0 ? 1 : 0 })))
      metrics["top5"] = .proportion(
        inTopFive.count { $0 }, of: labels.count, column: "correct_top5")
    }
    self.metrics = metrics
    self.predictions = table
    perClass = classes.indices.map { index in
      ClassResult(
        name: classes[index],
        metric: total[index] == 0 ? nil : .proportion(right[index], of: total[index]))
    }
  }

  /// Scores a matrix of class scores.
  ///
  /// - Parameters:
  ///   - ids: what identifies each example.
  ///   - labels: the true classes.
  ///   - scores: `labels.count` rows of `classes.count` scores; of equal scores, the lower class
  ///     ranks higher, and not-a-number ranks last.
  ///   - classes: the names of the classes.
  package init(
    ids: [String], labels: [Int], scores: UnsafeBufferPointer<Float>, classes: [String]
  ) {
    var answers = ClassAnswers(classes: classes.count)
    unsafe answers.add(scores: scores, labels: labels)
    self.init(ids: ids, labels: labels, answers: answers, classes: classes)
  }

  /// Scores answers that came in portions.
  ///
  /// - Parameters:
  ///   - ids: what identifies each example.
  ///   - labels: the true classes.
  ///   - answers: to all examples, in order.
  ///   - classes: the names of the classes.
  package init(ids: [String], labels: [Int], answers: ClassAnswers, classes: [String]) {
    self.init(
      ids: ids, labels: labels, predictions: answers.predictions, inTopFive: answers.inTopFive,
      classes: classes)
  }
}

/// What a classifier answered, taken from its scores portion by portion: all scores of many classes at
/// once would take gigabytes.
package struct ClassAnswers: Sendable {
  /// The best class of each example.
  package private(set) var predictions: [Int] = []
  /// Whether the true class was among the five best.
  package private(set) var inTopFive: [Bool] = []
  private let classes: Int

  /// No answers yet.
  package init(classes: Int) { self.classes = classes }

  /// Adds the answers to some examples.
  ///
  /// - Parameters:
  ///   - scores: `labels.count` rows of scores, one a class.
  ///   - labels: the true classes.
  package mutating func add(scores: UnsafeBufferPointer<Float>, labels: [Int]) {
    precondition(scores.count == labels.count * classes, "scores of another shape")
    for (index, label) in labels.enumerated() {
      let row = unsafe UnsafeBufferPointer(
        rebasing: scores[index * classes..<(index + 1) * classes])
      unsafe predictions.append(bestClass(row))
      unsafe inTopFive.append(rank(of: label, in: row) < 5)
    }
  }
}

/// The class of the highest score; of equal ones the lowest, and never one that is not a number
/// unless all are.
package func bestClass(_ scores: UnsafeBufferPointer<Float>) -> Int {
  var best = 0
  for candidate in 1..<max(1, scores.count)
  where unsafe scores[candidate] > scores[best] || (scores[best].isNaN && !scores[candidate].isNaN)
  {
    best = candidate
  }
  return best
}

/// How many classes rank before `label`, by the same order.
package func rank(of label: Int, in scores: UnsafeBufferPointer<Float>) -> Int {
  let own = unsafe scores[label]
  var before = 0
  for candidate in 0..<scores.count where candidate != label {
    let score = unsafe scores[candidate]
    let isTied = score == own || (score.isNaN && own.isNaN)
    if score > own || (own.isNaN && !score.isNaN) || (isTied && candidate < label) { before += 1 }
  }
  return before
}

/// The mean of the accuracies of the classes that occur, each class weighing the same.
///
/// The standard error adds the classes' binomial variances; the interval uses Agresti and Coull's
/// (1998) shrunk proportions, so that it has a width even where every class is all right or all wrong.
package func meanPerClassAccuracy(right: [Int], total: [Int]) -> Metric {
  let z = normalCriticalValue(0.95)
  let present = total.indices.filter { total[$0] > 0 }
  let classes = Double(max(1, present.count))
  var mean = 0.0
  var variance = 0.0
  var shrunkVariance = 0.0
  for index in present {
    let n = Double(total[index])
    let p = Double(right[index]) / n
    let shrunk = (Double(right[index]) + z * z / 2) / (n + z * z)
    mean += p / classes
    variance += p * (1 - p) / n / (classes * classes)
    shrunkVariance += shrunk * (1 - shrunk) / (n + z * z) / (classes * classes)
  }
  let half = z * shrunkVariance.squareRoot()
  return Metric(
    value: mean, standardError: variance.squareRoot(),
    interval: Interval(max(0, mean - half), min(1, mean + half)), count: total.reduce(0, +),
    outcome: MetricOutcome(statistic: .meanPerClass, columns: ["label", "correct"]))
}
