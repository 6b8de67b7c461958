import Foundation

/// How well a score tells examples of known classes, on which it should be higher, from others.
package struct SeparationScores: Sendable {
  /// For each example, the known first, the share of the other group that it is on the right side of.
  ///
  /// Equal scores count half. The mean over each group is the AUROC.
  package let placements: [Double]
  /// The area under the receiver operating characteristic.
  package let area: Double
  /// The average precision of finding the others by a low score.
  package let averagePrecision: Double
  /// The score that 95 % of the known reach.
  package let threshold: Double

  /// Scores of two groups, neither empty.
  ///
  /// - Parameters:
  ///   - known: of examples of known classes.
  ///   - others: of the rest.
  package init(known: [Double], others: [Double]) {
    precondition(!known.isEmpty && !others.isEmpty, "two groups of scores")
    let (sortedKnown, sortedOthers) = (known.sorted(), others.sorted())
    let inside = known.map { shareBelow($0, sortedOthers) }
    let outside = others.map { 1 - shareBelow($0, sortedKnown) }
    placements = inside + outside
    area = inside.reduce(0, +) / Double(known.count)
    averagePrecision = precision(sortedKnown, sortedOthers)
    // The largest score that at least 95 % reach: the higher of two equally good ones would leave one out.
    threshold = sortedKnown[known.count - Int((0.95 * Double(known.count)).rounded(.up))]
  }
}

/// The share of sorted values below a value; equal ones count half.
private func shareBelow(_ value: Double, _ sorted: [Double]) -> Double {
  let below = firstPlace(in: sorted) { $0 >= value }
  let through = firstPlace(in: sorted) { $0 > value }
  return Double(below + through) / Double(2 * sorted.count)
}

/// The first place of which `holds` is true; it is so for all that follow.
private func firstPlace(in sorted: [Double], _ holds: (Double) -> Bool) -> Int {
  var (low, high) = (0, sorted.count)
  while low < high {
    let middle = (low + high) / 2
    if holds(sorted[middle]) { high = middle } else { low = middle + 1 }
  }
  return low
}

/// Σ (recall step · precision) with a threshold at each score from the lowest on, as scikit-learn's.
private func precision(_ known: [Double], _ others: [Double]) -> Double {
  var (sum, found, mistaken) = (0.0, 0, 0)
  while found < others.count {
    let score = others[found]
    var step = 0
    while found < others.count, others[found] == score {
      found += 1
      step += 1
    }
    while mistaken < known.count, known[mistaken] <= score { mistaken += 1 }
    sum += Double(step) / Double(others.count) * Double(found) / Double(found + mistaken)
  }
  return sum
}
