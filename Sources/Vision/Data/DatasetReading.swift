import Support

/// How a data set was read: what a reader of its numbers should know.
package struct DatasetReading: Sendable, Equatable {
  /// Where its files are, an absolute path; nil for pictures that are generated.
  package var location: String?
  /// The order of the classes where a folder's names give it.
  package var classOrder: ClassOrder?
  /// Files that lie among the pictures and are not read.
  package var leftOut = LeftOut()
  /// The ids of pictures that were left out because they cannot be decoded.
  package var unreadable: [String] = []
  /// What else should be said.
  package var remarks: [String] = []

  /// A data set of which nothing needs saying.
  package init() {}

  /// What is said once on a run, a sentence a line.
  package var lines: [String] {
    var lines = remarks
    if let line = classOrder?.line { lines.append(line) }
    if !leftOut.isEmpty { lines.append("left out: \(leftOut.text)") }
    return lines
  }
}

/// Files that are not read, counted by the ending of their names.
package struct LeftOut: Sendable, Equatable {
  /// How many there are of each kind: `.txt`, `without ending`, `broken link`.
  package private(set) var counts: [String: Int] = [:]
  /// Which format those of an ending have by their content, where it is one that is read.
  private var formats: [String: String] = [:]

  package init() {}

  package var isEmpty: Bool { counts.isEmpty }

  /// Counts a thing that is no file with an ending.
  mutating func add(kind: String, count: Int = 1) {
    counts[kind, default: 0] += count
  }

  /// Counts a file by its ending, and looks at the first few of each whether they are pictures.
  mutating func add(file path: String) {
    let ending = path.fileEnding.lowercased()
    let kind = ending.isEmpty ? "without ending" : "." + FileNameText.visible(ending)
    counts[kind, default: 0] += 1
    guard counts[kind, default: 0] <= 8, formats[kind] == nil else { return }
    formats[kind] = imageFormat(ofFile: path)?.name
  }

  /// Adds what was left out elsewhere.
  mutating func add(_ other: LeftOut) {
    counts.merge(other.counts, uniquingKeysWith: +)
    formats.merge(other.formats) { mine, _ in mine }
  }

  /// The counts in words, the greatest first: `12 .txt, 3 without ending (PNG by content)`.
  package var text: String {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { kind, count in
      let format = formats[kind].map {
        " (\($0) by content; give them its ending to have them read)"
      }
      return "\(ProgressText.grouped(count)) \(kind)" + (format ?? "")
    }.joined(separator: ", ")
  }
}
