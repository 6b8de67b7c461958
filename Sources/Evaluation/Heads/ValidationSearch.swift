import Foundation
import Results
import Support
import Vision

/// The images on which hyper-parameters are chosen: the data set's own validation split, or a part of the
/// training images.
struct ValidationImages: Sendable {
  /// Training images to fit on while choosing.
  let fit: [Int32]
  /// The split of the images to choose on.
  let split: String
  /// The images of that split.
  let examples: [Int32]
  /// Their classes.
  let labels: [Int32]
  /// A hash of the division of the training images; nil where they were not divided.
  let hash: String?
  /// What it is, in words.
  let summary: String

  /// Whether the data set brought them.
  var isOwn: Bool { split == "validation" }

  /// The data set's own validation split, or a share cut off the training images, each class in
  /// proportion, the same for every checkpoint and seed: `fraction`, but at least 1,000 images, or a fifth
  /// of a small training set.
  ///
  /// - Parameters:
  ///   - dataset: the data, of which the test images are not looked at.
  ///   - fraction: the share of a large training set.
  /// - Throws: `InputError` when there are too few training images.
  init(_ dataset: Dataset, fraction: Double) throws {
    if let own = dataset.validation, own.count > 0 {
      split = "validation"
      fit = (0..<Int32(dataset.train.count)).map { $0 }
      examples = (0..<Int32(own.count)).map { $0 }
      labels = own.labels.map { Int32($0) }
      hash = nil
      summary = "validation (the data's own split, \(own.count) images)"
      return
    }
    let count = Double(dataset.train.count)
    let wanted = max(count * fraction, min(1000, count / 5))
    let cut = try dataset.validationSplit(fraction: wanted / max(count, 1))
    split = "train"
    fit = cut.fit.map { Int32($0) }
    examples = cut.validation.map { Int32($0) }
    labels = cut.validation.map { Int32(dataset.train.label(at: $0)) }
    hash = cut.hash
    summary = "validation (\(cut.validation.count) of \(dataset.train.count) training images)"
  }
}

/// Values tried for the hyper-parameters, and which of them was best on the validation images.
struct SearchOutcome: Sendable {
  /// What each candidate is: the values by name.
  let candidates: [[String: Double]]
  /// The accuracy of each on the validation images, or another measure of which more is better.
  let accuracies: [Double]
  /// What was measured.
  var measure = "validation_top1"

  /// The best candidate; of equally good ones the first.
  var best: Int {
    var best = 0
    for index in accuracies.indices where accuracies[index] > accuracies[best] { best = index }
    return best
  }

  /// The values tried, by name, ascending.
  var grid: [String: [Double]] {
    var grid: [String: [Double]] = [:]
    for name in Set(candidates.flatMap { $0.keys }) {
      grid[name] = Set(candidates.compactMap { $0[name] }).sorted()
    }
    return grid
  }

  /// Whether a chosen value is the first or last of several.
  var isOnEdge: Bool {
    candidates[best].contains { name, value in
      guard let tried = grid[name], tried.count > 1 else { return false }
      return value == tried.first || value == tried.last
    }
  }

  /// The accuracies in the order tried, for people.
  var details: JSON {
    .array(
      zip(candidates, accuracies).map { values, accuracy in
        var object = values.mapValues { JSON.number($0) }
        object[measure] = .number(accuracy)
        return .object(object)
      })
  }
}

extension Array where Element == [String: Double] {
  /// All combinations of the values of two hyper-parameters, in the order given.
  static func combinations(
    _ first: (name: String, values: [Double]), _ second: (name: String, values: [Double])
  ) -> [[String: Double]] {
    first.values.flatMap { a in
      second.values.map { b in [first.name: a, second.name: b] }
    }
  }
}

/// How many examples have their highest score at their label, for heads side by side.
///
/// - Parameters:
///   - scores: `[examples, heads, classes]`.
///   - labels: the class of each example.
///   - heads: number of heads.
/// - Returns: the number for each head.
func correct(_ scores: [Float], labels: [Int], heads: Int) -> [Int] {
  let classes = scores.count / max(1, labels.count * heads)
  return unsafe scores.withUnsafeBufferPointer { scores in
    (0..<heads).map { head in
      labels.indices.count { example in
        let start = (example * heads + head) * classes
        let row = unsafe UnsafeBufferPointer(rebasing: scores[start..<start + classes])
        return unsafe bestClass(row) == labels[example]
      }
    }
  }
}
