import Foundation

/// The words of a progress line.
package struct ProgressText: Sendable {
  package let title: String
  package let total: Int
  package let unit: String

  package init(title: String, total: Int, unit: String) {
    (self.title, self.total, self.unit) = (title, total, unit)
  }

  /// How many tenths of the work are done.
  package func tenths(_ done: Int) -> Int { total > 0 ? min(10, done * 10 / total) : 0 }

  /// A line on the way.
  ///
  /// `pretraining  40 %  20,000 of 50,000 images  1,204 images/s  0:25 left  loss 0.41`
  package func line(done: Int, seconds: Double, note: String, hasBar: Bool) -> String {
    var parts = [title]
    let fraction = total > 0 ? min(1, Double(done) / Double(total)) : 0
    if total > 0 {
      if hasBar { parts.append(Self.bar(fraction)) }
      parts.append("\(Int(fraction * 100)) %")
      parts.append("\(Self.grouped(done)) of \(Self.grouped(total)) \(unit)")
    } else {
      parts.append("\(Self.grouped(done)) \(unit)")
    }
    parts.append("\(Self.rate(Double(done) / max(seconds, 1e-9))) \(unit)/s")
    if fraction > 0, fraction < 1 {
      parts.append("\(Self.clock(seconds * (1 - fraction) / fraction)) left")
    }
    if !note.isEmpty { parts.append(note) }
    return parts.joined(separator: "  ")
  }

  /// The line at the end.
  ///
  /// `pretraining  50,000 images in 0:41  1,204 images/s  loss 0.41`
  package func summary(done: Int, seconds: Double, note: String) -> String {
    let rate = Self.rate(Double(done) / max(seconds, 1e-9))
    let line =
      "\(title)  \(Self.grouped(done)) \(unit) in \(Self.clock(seconds))  \(rate) \(unit)/s"
    return note.isEmpty ? line : line + "  " + note
  }

  private static func bar(_ fraction: Double) -> String {
    let width = 24
    let full = Int(fraction * Double(width))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// Minutes and seconds, with hours if there are any.
  package static func clock(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded())
    let (minutes, rest) = ((whole / 60) % 60, whole % 60)
    let two = { (value: Int) in (value < 10 ? "0" : "") + String(value) }
    return whole >= 3600
      ? "\(whole / 3600):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// Three significant digits below 100, whole numbers above.
  package static func rate(_ value: Double) -> String {
    guard value < 100 else { return grouped(Int(min(value, 1e15).rounded())) }
    let decimals = value >= 10 ? 1 : 2
    let scale = decimals == 1 ? 10.0 : 100.0
    return String((value * scale).rounded() / scale)
  }

  /// Digits in groups of three.
  package static func grouped(_ value: Int) -> String {
    var text = ""
    for (index, digit) in String(abs(value)).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + String(text.reversed())
  }
}
