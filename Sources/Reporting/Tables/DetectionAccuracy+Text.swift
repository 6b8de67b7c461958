import Results
import Support

extension DetectionAccuracy {
  /// A summary, a table of the twelve numbers and one of the categories.
  ///
  /// - Parameter width: of the terminal, in characters.
  /// - Returns: lines of text.
  package func text(width: Int) -> String {
    let objects = categories.reduce(0) { $0 + $1.objects }
    let detections = categories.reduce(0) { $0 + $1.detections }
    let summary =
      "\(shape.rawValue): \(Numbers.grouped(images)) images, \(Numbers.grouped(categories.count)) categories, "
      + "\(Numbers.grouped(objects)) objects, \(Numbers.grouped(detections)) detections"
    var parts = [summary, scoreTable.text(width: width), categoryTable.text(width: width)]
    if let note { parts.append(note) }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private var scoreTable: TextTable {
    var table = TextTable(
      ["score", "", "value", "95 % interval"], alignments: [.left, .left, .right, .right])
    for score in scores {
      table.add([
        score.name, score.words, Numbers.fixed(score.value, 4), Self.words(score.metric?.interval),
      ])
    }
    return table
  }

  private var categoryTable: TextTable {
    let names = ["AP50", "AP75", "APs", "APm", "APl", "AR100"]
    let columns = names.compactMap { name in scores.firstIndex { $0.name == name } }
    var table = TextTable(
      ["category", "id", "objects", "detections", "AP", "95 % interval"] + names)
    for category in categories {
      table.add(
        [
          category.name, "\(category.id)", "\(category.objects)", "\(category.detections)",
          Numbers.fixed(category.values[0], 3),
          Self.words(category.precision?.interval),
        ] + columns.map { Numbers.fixed(category.values[$0], 3) })
    }
    return table
  }

  private static func words(_ interval: Interval?) -> String {
    interval.map { "\(Numbers.fixed($0.low, 4)) to \(Numbers.fixed($0.high, 4))" } ?? ""
  }

  private var note: String? {
    let isAbsent = (scores.map(\.value) + categories.flatMap(\.values)).contains { $0 < 0 }
    let lines = [
      isAbsent ? "−1: no object of that category or size." : nil,
      resamples > 0
        ? "Intervals: \(Numbers.grouped(resamples)) resamples of the images; means are over categories that have objects."
        : nil,
    ]
    return lines.compactMap(\.self).isEmpty
      ? nil : lines.compactMap(\.self).joined(separator: "\n")
  }

  /// The same as one JSON document: `metrics` by name, `stats` in the order of COCO's tools, and `per_class`.
  package var json: JSON {
    var metrics: [String: JSON] = [:]
    for score in scores {
      var members = Self.members(score.metric)
      members["value"] = .number(score.value)
      metrics[score.name] = .object(members)
    }
    return [
      "type": .string(shape.rawValue), "images": .integer(images), "resamples": .integer(resamples),
      "metrics": .object(metrics), "stats": .array(scores.map { .number($0.value) }),
      "per_class": .array(categories.map(json)),
    ]
  }

  private func json(_ category: Category) -> JSON {
    var members = Self.members(category.precision)
    for (score, value) in zip(scores, category.values) { members[score.name] = .number(value) }
    members["id"] = .integer(category.id)
    members["name"] = .string(category.name)
    members["objects"] = .integer(category.objects)
    members["detections"] = .integer(category.detections)
    return .object(members)
  }

  private static func members(_ metric: Metric?) -> [String: JSON] {
    guard let metric else { return [:] }
    return ["stderr": .number(metric.standardError), "ci95": metric.interval.json]
  }
}
