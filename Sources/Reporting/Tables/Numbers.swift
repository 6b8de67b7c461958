import Foundation
import Results

/// Numbers as people read them, with no more digits than their uncertainty supports.
package enum Numbers {
  /// A number with the given decimals, a true minus sign, and no negative zero.
  package static func fixed(_ value: Double, _ decimals: Int, signed: Bool = false) -> String {
    let text = String(format: "%.\(decimals)f", abs(value))
    let isZero = text.allSatisfy { "0.".contains($0) }
    if value < 0 && !isZero { return "−" + text }
    return signed && !isZero ? "+" + text : text
  }

  /// A p value: three decimals, or `<0.001`.
  package static func pValue(_ value: Double) -> String {
    value < 0.001 ? "<0.001" : fixed(value, 3)
  }

  /// One decimal more than half the interval's width has.
  package static func decimals(for interval: Interval) -> Int {
    let half = interval.width / 2
    guard half > 0, half.isFinite else { return 2 }
    return min(6, max(0, 1 - Int(log10(half).rounded(.down))))
  }

  /// A whole number with thin groups, as `12,345`.
  package static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return value < 0 ? "−" + text : text
  }
}

/// How values of a unit are shown: fractions as per cent.
package struct DisplayUnit: Sendable {
  /// What a value is multiplied with.
  package let factor: Double
  /// What stands beside a metric's name, for example `%`.
  package let name: String

  /// The display of a metric's unit.
  package init(_ unit: String) {
    factor = unit == "fraction" ? 100 : 1
    name = unit == "fraction" || unit == "percent" ? "%" : unit
  }

  /// `62.13 [61.17, 63.08]`.
  package func text(_ value: Double, _ interval: Interval, signed: Bool = false) -> String {
    let scaled = interval.scaled(by: factor)
    let decimals = Numbers.decimals(for: scaled)
    let ends = [scaled.low, scaled.high].map { Numbers.fixed($0, decimals, signed: signed) }
    let middle = Numbers.fixed(value * factor, decimals, signed: signed)
    return "\(middle) [\(ends[0]), \(ends[1])]"
  }
}
