extension Fields {
  /// Sets the value at `path`, as `--set path=value` does; `finish` refuses it if nothing takes it.
  /// - Parameters:
  ///   - path: Keys from here, joined by dots; an element of a list by its number: `losses.0.weight`.
  ///   - value: A YAML value: `0.5`, `block`, `[1, 2]`.
  /// - Throws: `InputError` if the value is no YAML or the path leads through a single value.
  package func override(path: String, value: String) throws {
    let subject = "--set \(path)"
    let node = try YAMLReader.read("value: \(value)", file: subject)
    guard case .mapping(let members) = node.content, members.count == 1 else {
      throw InputError(subject, "the value must be a single YAML value")
    }
    try override(path: path, node: members[0].value, subject: subject)
  }

  /// Sets the value at `path` to what an option of its own says; messages name that option.
  /// - Parameters:
  ///   - path: Keys from here, joined by dots.
  ///   - value: The value; a string is taken as it is.
  ///   - option: How the user gave it: `--epochs`.
  /// - Throws: `InputError` if the path leads through a single value.
  package func override(path: String, value: JSON, option: String) throws {
    try override(path: path, node: FieldNode(value), subject: option)
  }

  func override(path: String, node: FieldNode, subject: String) throws {
    let keys = path.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    guard !keys.contains(""), keys.count <= 16 else {
      throw InputError(subject, "is no path of keys", "write it like mask.ratio=0.5")
    }
    var value = node
    value.line = nil
    var root = FieldNode(.mapping(self.members), line: line)
    try Self.set(value, at: keys[...], in: &root, subject)
    if case .mapping(let changed) = root.content { self.members = changed }
    document.overrides.append((self.path.isEmpty ? path : "\(self.path).\(path)", subject))
  }

  /// Applies `KEY=VALUE` as it is typed after `--set`.
  package func override(_ assignment: String) throws {
    guard let mark = assignment.firstIndex(of: "=") else {
      throw InputError("--set \(assignment)", "has no '='", "write it like mask.ratio=0.5")
    }
    let value = String(assignment[assignment.index(after: mark)...])
    try override(path: String(assignment[..<mark]), value: value)
  }

  private static func set(
    _ value: FieldNode, at keys: ArraySlice<String>, in node: inout FieldNode, _ subject: String
  ) throws {
    guard let key = keys.first else {
      node = value
      return
    }
    switch node.content {
    case .mapping(var members):
      let index = members.firstIndex { $0.key == key } ?? members.count
      if index == members.count {
        members.append(.init(key: key, value: FieldNode(.mapping([]), line: nil)))
      }
      try set(value, at: keys.dropFirst(), in: &members[index].value, subject)
      node.content = .mapping(members)
    case .sequence(var elements):
      guard let index = Int(key), elements.indices.contains(index) else {
        throw InputError(subject, "'\(key)' is no element of a list of \(elements.count)")
      }
      try set(value, at: keys.dropFirst(), in: &elements[index], subject)
      node.content = .sequence(elements)
    case .scalar:
      guard node.isNull else {
        throw InputError(subject, "has no '\(key)': the value there is \(node.kind), not a mapping")
      }
      node.content = .mapping([])
      try set(value, at: keys, in: &node, subject)
    }
  }
}
