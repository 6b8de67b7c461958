import Foundation

/// A linear axis: where a value lies, and round numbers to write beside it.
struct Axis {
  let low: Double
  let high: Double
  /// Round values within the range.
  let ticks: [Double]
  private let step: Double

  /// An axis that holds all finite values, ending at round numbers, with about `count` ticks.
  init(_ values: [Double], count: Int = 5) {
    // Beyond these, differences and steps are infinite or zero.
    let finite = values.filter { abs($0) < 1e300 }
    let least = finite.min() ?? 0
    let most = finite.max() ?? 1
    let widest = max(abs(least), abs(most))
    let span = most - least > max(widest * 1e-12, 1e-300) ? most - least : max(widest, 1) * 0.1
    let rough = span / Double(max(1, count))
    let magnitude = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * magnitude }.first { $0 >= rough * 0.999 } ?? rough
    let first = (least / step).rounded(.down)
    let last = max(first + 1, (most / step).rounded(.up))
    low = first * step
    high = last * step
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    self.step = step
  }

  /// Where a value lies between `start` and `end`.
  func position(_ value: Double, _ start: Double, _ end: Double) -> Double {
    start + (value - low) / (high - low) * (end - start)
  }

  /// A tick as text, with the decimals that tell it from the next.
  func label(_ tick: Double) -> String {
    Numbers.fixed(tick, min(8, max(0, -Int(log10(step).rounded(.down)))))
  }
}

/// A coordinate with one decimal, as SVG takes it.
func coordinate(_ value: Double) -> String { String(format: "%.1f", value) }
