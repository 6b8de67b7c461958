/// What repeating a run with other seeds gave: a source of uncertainty of its own, kept apart from
/// the sampling of test examples.
package struct SeedSummary: Equatable, Sendable {
  /// One value per seed, in the order of the runs.
  package let values: [Double]

  /// Summarises at least one value.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "a summary of seeds needs a value")
    self.values = values
  }

  /// The arithmetic mean.
  package var mean: Double { values.reduce(0, +) / Double(values.count) }

  /// The sample standard deviation (n − 1); nil for a single seed.
  package var standardDeviation: Double? {
    guard values.count > 1 else { return nil }
    let centre = mean
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// Student's interval mean ± t·s/√n; nil for a single seed.
  package func interval(confidence: Double = 0.95) -> Interval? {
    guard let deviation = standardDeviation else { return nil }
    let half =
      studentCriticalValue(confidence, degreesOfFreedom: values.count - 1)
      * deviation / Double(values.count).squareRoot()
    return Interval(mean - half, mean + half)
  }

  /// Whether there are too few seeds (three or less) for more than an indication.
  package var isIndicative: Bool { values.count <= 3 }
}
