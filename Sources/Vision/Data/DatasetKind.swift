import Support

/// A kind of data set: reads one layout of files, or generates pictures.
///
/// To add one, put a file with a conforming type of the file's name into `Datasets/`.
package protocol DatasetKind: Sendable {
  /// The name in `kind:path`.
  static var kind: String { get }
  /// What it reads, in a few words.
  static var summary: String { get }
  /// What stands for the path in help texts (`DIR`), or nil for a kind that reads no files.
  static var placeholder: String? { get }
  /// What may follow the question mark.
  static var options: [DatasetOption] { get }
  /// Whether a file or folder looks like the kind, judged by names and first bytes.
  static func recognizes(_ path: String) -> Bool
  /// Opens the data set, reading no more than it must.
  /// - Throws: `InputError` that names the file, record or option that is wrong.
  static func open(_ specification: DatasetSpecification) throws -> Dataset
}

extension DatasetKind {
  package static var options: [DatasetOption] { [] }
  package static func recognizes(_ path: String) -> Bool { false }
}

/// An option of a data set: `name=value` after the question mark.
package struct DatasetOption: Sendable, Equatable {
  /// The word before the equals sign.
  package let name: String
  /// What it does, its default and its range.
  package let summary: String
}

/// Opens the data set that `specification` names: `kind:path?option=value&…`; says once what was left
/// out of it and which order its classes have.
/// - Throws: `InputError` for an unknown kind or option (with the nearest known one), and for
///   whatever is wrong with the files.
package func openDataset(_ specification: String) throws -> Dataset {
  let dataset = try readDataset(specification)
  for line in dataset.reading.lines { Log.note("\(dataset.id): \(line)") }
  return dataset
}

/// Opens a data set without a word; see `openDataset`.
package func readDataset(_ specification: String) throws -> Dataset {
  let parsed = try DatasetSpecification(specification)
  guard let kind = allDatasets.first(where: { $0.kind == parsed.kind }) else {
    throw unknownKind(parsed)
  }
  try parsed.checkOptions(kind.options)
  if kind.placeholder == nil, parsed.path != nil {
    throw InputError(specification, "\(kind.kind) is generated and reads no path", "remove it")
  }
  var dataset = try kind.open(parsed)
  dataset.reading.location = parsed.place
  return dataset
}

/// The kind that a file or folder looks like; nil when it looks like none.
package func datasetKind(of path: String) -> (any DatasetKind.Type)? {
  // A folder of class folders is what most folders look like, so it comes last.
  let kinds = allDatasets.filter { $0.kind != ImageFolder.kind } + [ImageFolder.self]
  return kinds.first { $0.recognizes(path) }
}

private func unknownKind(_ specification: DatasetSpecification) -> InputError {
  let kinds = allDatasets.map { $0.kind }
  let path = String(specification.text.split(separator: "?").first ?? "")
  switch entryKind(path) {
  case _ where path.isEmpty: break
  case .brokenLink: break
  case .file, .folder, .special:
    if let kind = datasetKind(of: path) {
      return InputError(
        specification.text, "the kind of data set is missing",
        "it looks like \(kind.kind): write \(kind.kind):\(specification.text)")
    }
    if let foreign = ForeignData(path) { return foreign.error(specification.text) }
    return InputError(
      specification.text, "the kind of data set is missing",
      "write one of \(kinds.joined(separator: ", ")), a colon and the path")
  }
  return InputError(
    specification.text, "there is no data set kind '\(specification.kind)'",
    suggestion(for: specification.kind, among: kinds))
}
