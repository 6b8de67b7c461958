import Foundation

/// A mapping of YAML or JSON that is consumed field by field.
///
/// Each `take` names the key, its default, bounds and meaning in one line, checks the value, and
/// notes all of that; `finish` then refuses what nobody took. So a reader of a configuration is its
/// documentation, and a misspelt key is an error that names the nearest valid one:
///
///     let ratio = try fields.take("ratio", default: 0.75, in: 0...1, "share of patches hidden")
///     try fields.finish()
package final class Fields {
  /// What all mappings of one document share.
  final class Document {
    let file: String
    let isRecording: Bool
    /// Paths set from the command line, in the order given.
    var overrides: [(path: String, subject: String)] = []
    /// Fields in the order they were first taken.
    var descriptions: [FieldDescription] = []

    init(file: String, isRecording: Bool) {
      self.file = file
      self.isRecording = isRecording
    }
  }

  let document: Document
  /// Keys from the root, joined by dots; empty for the root.
  let path: String
  /// Line of the mapping, from 1; nil if unknown.
  let line: Int?
  var members: [FieldNode.Member]
  var taken: [String: JSON] = [:]
  var children: [String: [Fields]] = [:]
  /// Keys of children that are lists of mappings.
  var listKeys: Set<String> = []
  /// Whether `resolved` holds defaults of keys that are absent: without, keys that came later leave what earlier
  /// versions resolved as it was.
  package var recordsDefaults = true
  /// Keys that were taken, in order.
  var known: [String] = []

  /// Reads YAML.
  /// - Parameters:
  ///   - yaml: The text of one document, a mapping.
  ///   - file: Its name, for messages.
  /// - Throws: `InputError` with file and line if it is no YAML or no mapping.
  package convenience init(yaml: String, file: String) throws {
    try self.init(root: YAMLReader.read(yaml, file: file), file: file)
  }

  /// Wraps JSON that has been parsed.
  /// - Parameters:
  ///   - json: An object.
  ///   - file: Its name, for messages.
  /// - Throws: `InputError` if it is no object.
  package convenience init(json: JSON, file: String) throws {
    try self.init(root: FieldNode(json), file: file)
  }

  /// Reads the file at `path`: JSON if its name ends in `.json`, else YAML.
  package convenience init(contentsOf path: String) throws {
    let bytes = try MappedFile(path)
    guard bytes.count <= 1 << 24 else {
      throw InputError(path, "holds \(bytes.count) bytes, too many for a configuration")
    }
    if path.hasSuffix(".json") {
      try self.init(json: JSON.parse(bytes.data, from: path), file: path)
    } else {
      guard let text = String(validating: bytes.data, as: UTF8.self) else {
        throw InputError(path, "is not UTF-8 text")
      }
      try self.init(yaml: text, file: path)
    }
  }

  /// An empty mapping that accepts any reader: required fields get a placeholder.
  ///
  /// Run the reader on it, then look at `descriptions`.
  package static func recording(_ name: String = "") -> Fields {
    Fields(
      Document(file: name, isRecording: true), path: "", node: FieldNode(.mapping([]), line: nil))
  }

  private convenience init(root: FieldNode, file: String) throws {
    let document = Document(file: file, isRecording: false)
    guard case .mapping = root.content else {
      let subject = root.line.map { "\(file):\($0)" } ?? file
      throw InputError(subject, "must be a mapping of keys to values, is \(root.kind)")
    }
    self.init(document, path: "", node: root)
  }

  init(_ document: Document, path: String, node: FieldNode) {
    self.document = document
    self.path = path
    line = node.line
    if case .mapping(let members) = node.content {
      self.members = members
    } else {
      members = []
    }
  }

  /// The name of the file, for messages.
  package var file: String { document.file }

  /// The keys that the document gives here, in its order.
  package var keys: [String] { members.map { $0.key } }

  /// The fields that were taken so far, everywhere in the document, in order.
  package var descriptions: [FieldDescription] { document.descriptions }

  /// Whether the document gives a value, other than null, for `key`.
  package func has(_ key: String) -> Bool { member(key).map { !$0.isNull } ?? false }

  /// An error about the value of `key` (or, with nil, about this mapping), with file and line.
  package func error(at key: String?, _ problem: String, _ remedy: String = "") -> InputError {
    let line = key.flatMap { member($0)?.line } ?? line
    if let key {
      let place = fullPath(key)
      let override = document.overrides.last {
        isPath($0.path, at: place) || isPath(place, at: $0.path)
      }
      if let override { return InputError(override.subject, problem, remedy) }
    }
    return InputError(line.map { "\(file):\($0)" } ?? file, problem, remedy)
  }

  /// All values that were taken, defaults included.
  package var resolved: JSON {
    var object = taken
    for (key, fields) in children {
      let values = fields.map { $0.resolved }
      object[key] = listKeys.contains(key) ? .array(values) : values.first
    }
    return .object(object)
  }

  func member(_ key: String) -> FieldNode? { members.first { $0.key == key }?.value }

  func fullPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Whether `path` is `place` or lies inside it.
  func isPath(_ path: String, at place: String) -> Bool {
    path == place || path.hasPrefix(place + ".")
  }

  /// Notes that `key` is a field.
  func note(_ description: FieldDescription, key: String) {
    if !known.contains(key) { known.append(key) }
    guard !document.descriptions.contains(where: { $0.path == description.path }) else { return }
    document.descriptions.append(description)
  }
}
