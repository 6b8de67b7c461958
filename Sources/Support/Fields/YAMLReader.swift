import Yams

/// Turns YAML text into nodes, with bounds on what hostile text can cost.
struct YAMLReader {
  private static let maximumBytes = 1 << 20
  private static let maximumDepth = 32
  private static let maximumNodes = 100_000
  private static let maximumAnchors = 8
  private static let maximumAliases = 64

  private let file: String
  private var nodes = 0

  /// Reads one document.
  /// - Parameters:
  ///   - yaml: The text.
  ///   - file: Its name, for messages.
  /// - Returns: The root; an empty document is an empty mapping.
  /// - Throws: `InputError` with file and line.
  static func read(_ yaml: String, file: String) throws -> FieldNode {
    guard yaml.utf8.count <= maximumBytes else {
      throw InputError(file, "holds \(yaml.utf8.count) bytes of YAML, more than \(maximumBytes)")
    }
    var reader = YAMLReader(file: file)
    try reader.checkAliases(yaml)
    guard let root = try reader.compose(yaml) else {
      return FieldNode(.mapping([]), line: 1)
    }
    return try reader.convert(root, depth: 0)
  }

  private init(file: String) { self.file = file }

  /// Refuses text in which nested aliases could stand for a huge document.
  private func checkAliases(_ yaml: String) throws {
    var (anchors, aliases) = (0, 0)
    var last: UInt8 = 0x0a
    for byte in yaml.utf8 {
      if last == UInt8(ascii: "&"), byte > 0x20 { anchors += 1 }
      if last == UInt8(ascii: "*"), byte > 0x20 { aliases += 1 }
      last = byte
    }
    guard anchors > 0, anchors > Self.maximumAnchors || aliases > Self.maximumAliases else {
      return
    }
    throw InputError(file, "has too many anchors (&) or aliases (*)", "write the values out")
  }

  private func compose(_ yaml: String) throws -> Node? {
    do {
      return try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw describe(error)
    }
  }

  private func describe(_ error: YamlError) -> InputError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      InputError("\(file):\(mark.line)", "is not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      InputError(
        "\(file):\(context.mark.line)", "the key '\(keys.first ?? "")' occurs twice",
        "remove one of them")
    case .reader(let problem, _, _, _): InputError(file, "is not valid YAML: \(problem)")
    default: InputError(file, "is not valid YAML")
    }
  }

  private mutating func convert(_ node: Node, depth: Int) throws -> FieldNode {
    let line = node.mark?.line
    nodes += 1
    guard nodes <= Self.maximumNodes, depth <= Self.maximumDepth else {
      throw InputError(subject(line), "is nested too deeply or too large")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      return FieldNode(.scalar(scalar.string, isQuoted: !isPlain), line: line)
    case .sequence(let elements):
      return FieldNode(
        .sequence(try elements.map { try convert($0, depth: depth + 1) }), line: line)
    case .mapping(let pairs):
      return FieldNode(
        .mapping(
          try pairs.map { key, value in
            guard case .scalar(let scalar) = key else {
              throw InputError(subject(key.mark?.line), "a key must be a word")
            }
            var value = try convert(value, depth: depth + 1)
            // The line of the key: where the value stands may be a line below.
            value.line = key.mark?.line ?? value.line
            return FieldNode.Member(key: scalar.string, value: value)
          }), line: line)
    case .alias:
      throw InputError(subject(line), "an alias (*) without its anchor (&)")
    }
  }

  private func subject(_ line: Int?) -> String { line.map { "\(file):\($0)" } ?? file }
}
