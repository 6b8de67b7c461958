import Support

/// What a data set is taken for, in lines and as JSON.
package struct DatasetDescription {
  private let kind: String
  private let dataset: Dataset
  private let pictures: PictureSurvey

  /// Reads the data set of a specification, or a bare path that looks like one, and some of its pictures.
  ///
  /// Nothing is fingerprinted, so that a large folder is described in seconds.
  /// - Throws: `InputError` when it cannot be read.
  package init(_ specification: String) throws {
    let text = Self.specification(specification)
    dataset = try readDataset(text)
    kind = try DatasetSpecification(text).kind
    pictures = PictureSurvey(dataset)
  }

  /// Whether a text is meant for data: `kind:…` of a known kind, or the path of something that looks so.
  ///
  /// A packed file is not: checkpoints are packed too, and are told more exactly.
  package static func isMeant(by text: String) -> Bool {
    let start = text.split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
    let kind = start.split(separator: "?").first.map(String.init) ?? ""
    if allDatasets.contains(where: { $0.kind == kind }) { return true }
    let path = text.split(separator: "?").first.map(String.init) ?? ""
    guard datasetKind(of: path) == nil else { return true }
    return ForeignData(path).map { !$0.isPacked } ?? false
  }

  private static func specification(_ text: String) -> String {
    let path = text.split(separator: "?").first.map(String.init) ?? ""
    var text = text
    if !text.contains(":"), let kind = datasetKind(of: path) { text = "\(kind.kind):\(text)" }
    guard text.hasPrefix("\(ImageFolder.kind):"), !text.contains("fingerprint=") else {
      return text
    }
    return text + (text.contains("?") ? "&" : "?") + "fingerprint=sizes"
  }

  private var order: String? { dataset.reading.classOrder?.rawValue }

  /// Lines of a name and what is known; with `all`, every class is named.
  package func lines(all: Bool) -> [String] {
    var rows = [("kind", kind), ("name", dataset.id)]
    rows.append(
      (
        "splits",
        dataset.splits.map { "\($0.name) \(ProgressText.grouped($0.split.count))" }
          .joined(separator: ", ")
      ))
    let names = all ? dataset.classes.joined(separator: ", ") : dataset.classes.briefly
    let order = order.map { $0 == "numbers" ? ", by number" : ", by name" } ?? ""
    rows.append(("classes", "\(ProgressText.grouped(dataset.classes.count))\(order): \(names)"))
    for (name, split) in dataset.splits {
      let counts = counts(split)
      let absent = counts.count { $0 == 0 }
      rows.append(
        (
          "in \(name)",
          "\(counts.min() ?? 0) to \(counts.max() ?? 0) pictures a class"
            + (absent > 0 ? ", \(absent) classes absent" : "")
        ))
    }
    rows.append(("pictures", pictures.text))
    for error in pictures.errors.prefix(all ? pictures.errors.count : 3) {
      rows.append(("unreadable", error))
    }
    if !dataset.reading.leftOut.isEmpty { rows.append(("left out", dataset.reading.leftOut.text)) }
    rows += dataset.reading.remarks.map { ("note", $0) }
    if let line = dataset.reading.classOrder?.line { rows.append(("note", line)) }
    return rows.map { $0.0.padding(to: 12) + $0.1 }
  }

  /// The same for programs; every class is named.
  package var json: JSON {
    var members: [String: JSON] = [
      "kind": .string(kind), "name": .string(dataset.id),
      "splits": .object(dataset.splitSizes.mapValues { .integer($0) }),
      "classes": .array(dataset.classes.map { .string($0) }),
      "per_class": .object(
        Dictionary(
          uniqueKeysWithValues: dataset.splits.map { name, split in
            (name, .array(counts(split).map { .integer($0) }))
          })),
      "pictures": pictures.json,
      "left_out": .object(dataset.reading.leftOut.counts.mapValues { .integer($0) }),
      "remarks": .array(dataset.reading.remarks.map { .string($0) }),
    ]
    if let order { members["class_order"] = .string(order) }
    return .object(members)
  }

  /// The number of pictures of each class.
  private func counts(_ split: any ImageSplit) -> [Int] {
    var counts = [Int](repeating: 0, count: dataset.classes.count)
    for label in split.labels where counts.indices.contains(label) { counts[label] += 1 }
    return counts
  }
}

/// Sizes and formats of some pictures of a data set, spread over its splits.
struct PictureSurvey {
  /// How many pictures are decoded.
  private static let greatest = 240

  private(set) var errors: [String] = []
  private var count = 0
  private var formats: [String: Int] = [:]
  private var widths: (least: Int, most: Int)?
  private var heights: (least: Int, most: Int)?

  init(_ dataset: Dataset) {
    let share = Self.greatest / dataset.splits.count
    for (_, split) in dataset.splits {
      let number = min(share, split.count)
      for index in 0..<number { look(at: split, index * split.count / number) }
    }
  }

  private mutating func look(at split: any ImageSplit, _ index: Int) {
    count += 1
    if let format = split.format(at: index) { formats[format, default: 0] += 1 }
    do {
      let image = try split.image(at: index)
      widths = (min(widths?.least ?? .max, image.width), max(widths?.most ?? 0, image.width))
      heights = (min(heights?.least ?? .max, image.height), max(heights?.most ?? 0, image.height))
    } catch { errors.append(Log.line(for: error)) }
  }

  var text: String {
    guard let widths, let heights else { return "none of \(count) that were looked at can be read" }
    let kinds = formats.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let size =
      widths.least == widths.most && heights.least == heights.most
      ? "all \(widths.least)×\(heights.least)"
      : "\(widths.least) to \(widths.most) wide, \(heights.least) to \(heights.most) high"
    return "\(size)\(kinds.isEmpty ? "" : "; \(kinds)") (of \(count) that were looked at)"
  }

  var json: JSON {
    func range(_ pair: (least: Int, most: Int)?) -> JSON {
      pair.map { [.integer($0.least), .integer($0.most)] } ?? .null
    }
    return [
      "looked_at": .integer(count), "formats": .object(formats.mapValues { .integer($0) }),
      "width": range(widths), "height": range(heights),
      "unreadable": .array(errors.map { .string($0) }),
    ]
  }
}

extension String {
  /// The text followed by spaces up to a width, at least one.
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
