import Foundation

/// How far a classifier's probabilities can be trusted, image by image.
///
/// Guo et al. 2017 and Nixon et al. 2019: probabilities are the softmax of scores divided by a temperature; confidence is
/// the greatest of them.
package struct CalibrationScores: Sendable {
  /// The greatest probability of each example.
  package let confidence: [Double]
  /// Whether the class of the greatest score is the true one; of equal scores the lower class counts.
  package let correct: [Bool]
  /// −log of the true class's probability, which counts as 10⁻¹² at least.
  package let logLoss: [Double]
  /// Σₖ (pₖ − yₖ)², from 0 to 2.
  package let brier: [Double]

  /// Scores of a classifier.
  ///
  /// - Parameters:
  ///   - logits: `labels.count × classes` scores, whose softmax are probabilities.
  ///   - labels: the true classes.
  ///   - classes: number of classes.
  ///   - temperature: divides the scores; above zero.
  package init(
    logits: UnsafeBufferPointer<Float>, labels: [Int], classes: Int, temperature: Double = 1
  ) {
    precondition(logits.count == labels.count * classes, "scores of another shape")
    var confidence: [Double] = []
    var correct: [Bool] = []
    var (logLoss, brier): ([Double], [Double]) = ([], [])
    var probabilities = [Double](repeating: 0, count: classes)
    for (index, label) in labels.enumerated() {
      let row = unsafe UnsafeBufferPointer(
        rebasing: logits[index * classes..<(index + 1) * classes])
      unsafe softmax(row, temperature, into: &probabilities)
      let best = unsafe bestClass(row)
      confidence.append(probabilities[best])
      correct.append(best == label)
      logLoss.append(-log(max(probabilities[label], 1e-12)))
      let squares = probabilities.reduce(0) { $0 + $1 * $1 }
      brier.append(squares - 2 * probabilities[label] + 1)
    }
    (self.confidence, self.correct) = (confidence, correct)
    (self.logLoss, self.brier) = (logLoss, brier)
  }

  /// The bin of each example among `count` of equal width, (low, high]; confidence 0 belongs to the first.
  package func equalWidthBins(_ count: Int) -> [Int] {
    confidence.map { min(count - 1, max(0, Int(($0 * Double(count)).rounded(.up)) - 1)) }
  }

  /// The bin of each example among `count` of equal size, by confidence; of equal ones the earlier example first.
  package func equalMassBins(_ count: Int) -> [Int] {
    var bins = [Int](repeating: 0, count: confidence.count)
    for (place, example) in ascending.enumerated() {
      bins[example] = place * count / confidence.count
    }
    return bins
  }

  /// The examples in the order of their confidence.
  private var ascending: [Int] {
    confidence.indices.sorted { (confidence[$0], $0) < (confidence[$1], $1) }
  }

  /// For each example `count` numbers: right or wrong less the confidence in the example's bin, else 0.
  ///
  /// The expected calibration error is the sum of the absolute values of their sums, over the number of examples.
  package func gaps(_ bins: [Int], _ count: Int) -> [Float] {
    var gaps = [Float](repeating: 0, count: bins.count * count)
    for (example, bin) in bins.enumerated() {
      gaps[example * count + bin] = Float((correct[example] ? 1 : 0) - confidence[example])
    }
    return gaps
  }

  /// What each bin of equal width holds: how many examples, their mean confidence and their accuracy.
  package func reliability(_ count: Int) -> [(examples: Int, confidence: Double, accuracy: Double)]
  {
    let bins = equalWidthBins(count)
    return (0..<count).map { bin in
      let members = bins.indices.filter { bins[$0] == bin }
      let size = Double(max(1, members.count))
      return (
        members.count, members.reduce(0) { $0 + confidence[$1] } / size,
        Double(members.count { correct[$0] }) / size
      )
    }
  }

  /// The error among the most confident examples, for each number of them from 1 (Geifman and El-Yaniv 2017).
  package var risks: [Double] {
    var wrong = 0
    return ascending.reversed().enumerated().map { place, example in
      wrong += correct[example] ? 0 : 1
      return Double(wrong) / Double(place + 1)
    }
  }

  /// The temperature with the least log loss on some examples, from 0.05 to 20.
  ///
  /// The loss has one minimum in 1 / temperature; a golden-section search of the logarithm finds it to 10⁻⁶.
  ///
  /// - Parameters:
  ///   - logits: `labels.count × classes` scores.
  ///   - labels: the true classes; not those of test images.
  ///   - classes: number of classes.
  /// - Returns: the temperature.
  package static func fittedTemperature(
    logits: UnsafeBufferPointer<Float>, labels: [Int], classes: Int
  ) -> Double {
    func loss(_ logarithm: Double) -> Double {
      unsafe CalibrationScores(
        logits: logits, labels: labels, classes: classes, temperature: exp(logarithm)
      ).logLoss.reduce(0, +)
    }
    let share = (5.0.squareRoot() - 1) / 2
    var (low, high) = (log(0.05), log(20.0))
    var (left, right) = (high - share * (high - low), low + share * (high - low))
    var (atLeft, atRight) = (loss(left), loss(right))
    while high - low > 1e-6 {
      if atLeft <= atRight {
        (high, right, atRight) = (right, left, atLeft)
        left = high - share * (high - low)
        atLeft = loss(left)
      } else {
        (low, left, atLeft) = (left, right, atRight)
        right = low + share * (high - low)
        atRight = loss(right)
      }
    }
    return exp((low + high) / 2)
  }
}

/// Writes the softmax of scores divided by a temperature.
private func softmax(
  _ scores: UnsafeBufferPointer<Float>, _ temperature: Double, into target: inout [Double]
) {
  let greatest = unsafe Double(scores.max() ?? 0)
  var sum = 0.0
  for index in scores.indices {
    target[index] = unsafe exp((Double(scores[index]) - greatest) / temperature)
    sum += target[index]
  }
  for index in target.indices { target[index] /= sum }
}
