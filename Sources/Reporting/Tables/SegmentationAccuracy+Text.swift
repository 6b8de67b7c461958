import Results
import Support

extension SegmentationAccuracy {
  /// What each metric is, in words.
  private static let words = [
    "miou_present": "mean IoU of the classes that labels or predictions have",
    "macc_present": "mean accuracy of the classes that labels have",
    "aacc": "labelled pixels that are right",
  ]

  /// A summary, a table of the metrics and one of the classes.
  ///
  /// - Parameter width: of the terminal, in characters.
  /// - Returns: lines of text.
  package func text(width: Int) -> String {
    let pixels = predictions["labelled_pixels"]?.doubles.reduce(0, +) ?? 0
    let present = perClass.count { $0.metric != nil }
    let summary =
      "\(Numbers.grouped(predictions.count)) images, \(Numbers.grouped(Int(pixels))) labelled pixels, "
      + "\(present) of \(perClass.count) classes"
    var table = TextTable(
      ["metric", "", "%", "95 % interval"], alignments: [.left, .left, .right, .right])
    for name in Self.words.keys.sorted(by: >) {
      guard let metric = metrics[name] else { continue }
      table.add([name, Self.words[name] ?? "", Self.value(metric), Self.interval(metric)])
    }
    var classes = TextTable(["class", "IoU %", "95 % interval", "images"])
    for result in perClass {
      classes.add([
        result.name, result.metric.map(Self.value) ?? "absent",
        result.metric.map(Self.interval) ?? "", "\(result.metric?.count ?? 0)",
      ])
    }
    return [summary, table.text(width: width), classes.text(width: width)]
      .joined(separator: "\n\n") + "\n"
  }

  private static func value(_ metric: Metric) -> String { Numbers.fixed(100 * metric.value, 2) }

  private static func interval(_ metric: Metric) -> String {
    let ends = metric.interval.scaled(by: 100)
    return "\(Numbers.fixed(ends.low, 2)) to \(Numbers.fixed(ends.high, 2))"
  }

  /// The same as one JSON document: `metrics` by name and `per_class`.
  package var json: JSON {
    [
      "images": .integer(predictions.count), "metrics": .object(metrics.mapValues(\.json)),
      "per_class": .array(perClass.map(\.json)),
    ]
  }
}
