/// A closed interval of real numbers, for example the 95 % confidence interval of a metric.
package struct Interval: Equatable, Sendable {
  /// The lower end.
  package var low: Double
  /// The upper end.
  package var high: Double

  /// The interval from `low` to `high`.
  package init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }

  /// Whether the value lies in the interval, its ends included.
  package func contains(_ value: Double) -> Bool { low <= value && value <= high }

  /// The distance between the ends.
  package var width: Double { high - low }

  /// The same interval with both ends multiplied by a factor; a negative factor swaps them.
  package func scaled(by factor: Double) -> Interval {
    factor < 0 ? Interval(high * factor, low * factor) : Interval(low * factor, high * factor)
  }
}
