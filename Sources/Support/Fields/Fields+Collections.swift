extension Fields {
  /// The list at `key`, or `defaultValue` if it is absent; one value alone counts as a list.
  /// - Parameters:
  ///   - key: The key in this mapping.
  ///   - defaultValue: The list if the key is absent or null.
  ///   - documentation: What the field is.
  /// - Returns: The list.
  /// - Throws: `InputError` if an element is of another type.
  package func take<Element: FieldScalar>(
    _ key: String, default defaultValue: [Element], _ documentation: String
  ) throws -> [Element] {
    let kind = "a list, each \(Element.fieldKind)"
    describe(key, kind, json(defaultValue), documentation: documentation)
    let values = try list(key) ?? defaultValue
    record(key, json(values))
    return values
  }

  /// The list at `key`, or `defaultValue` if it is absent; each element must lie inside `bounds`.
  package func take<Bounds: RangeExpression>(
    _ key: String, default defaultValue: [Bounds.Bound], in bounds: Bounds,
    _ documentation: String
  ) throws -> [Bounds.Bound] where Bounds.Bound: FieldScalar {
    let words = describeBounds(bounds)
    let kind = "a list, each \(Bounds.Bound.fieldKind)"
    describe(key, kind, json(defaultValue), bounds: words, documentation: documentation)
    let values = try list(key) ?? defaultValue
    for value in values { try check(value, bounds, words, key) }
    record(key, json(values))
    return values
  }

  /// The list at `key`, which must be there and not be empty.
  package func takeRequired<Element: FieldScalar>(
    _ key: String, as type: [Element].Type = [Element].self, _ documentation: String
  ) throws -> [Element] {
    describe(key, "a list, each \(Element.fieldKind)", nil, documentation: documentation)
    guard let values: [Element] = try list(key), !values.isEmpty else {
      return try placeholderOrMissing(key, [])
    }
    record(key, json(values))
    return values
  }

  /// The mapping at `key`; empty if it is absent.
  /// - Parameters:
  ///   - key: The key in this mapping.
  ///   - shorthand: If given, a single value `x` stands for the mapping `{shorthand: x}`.
  ///   - documentation: What the mapping is.
  /// - Returns: The mapping, the same object at every call; `finish` of its owner covers it.
  /// - Throws: `InputError` if the value is no mapping.
  package func takeFields(
    _ key: String, shorthand: String? = nil, _ documentation: String = ""
  ) throws -> Fields {
    if let child = children[key]?.first { return child }
    if !known.contains(key) { known.append(key) }
    var node = member(key) ?? FieldNode(.mapping([]), line: line)
    if node.isNull { node.content = .mapping([]) }
    let child = Fields(document, path: fullPath(key), node: try mapping(node, key, shorthand))
    children[key] = [child]
    return child
  }

  /// The list of mappings at `key`; empty if it is absent.
  ///
  /// One mapping alone counts as a list.
  package func takeFieldsList(
    _ key: String, shorthand: String? = nil, _ documentation: String = ""
  ) throws -> [Fields] {
    if let fields = children[key] { return fields }
    if !known.contains(key) { known.append(key) }
    let nodes: [FieldNode] =
      switch member(key) {
      case nil: []
      case let node? where node.isNull: []
      case let node?:
        if case .sequence(let elements) = node.content { elements } else { [node] }
      }
    let fields = try nodes.enumerated().map { index, node in
      Fields(
        document, path: "\(fullPath(key)).\(index)", node: try mapping(node, key, shorthand))
    }
    children[key] = fields
    listKeys.insert(key)
    return fields
  }

  private func mapping(_ node: FieldNode, _ key: String, _ shorthand: String?) throws -> FieldNode {
    switch node.content {
    case .mapping: return node
    case .scalar:
      guard let shorthand else { break }
      return FieldNode(.mapping([.init(key: shorthand, value: node)]), line: node.line)
    case .sequence: break
    }
    throw error(at: key, "\(fullPath(key)) must be a mapping of keys to values, is \(node.kind)")
  }

  private func list<Element: FieldScalar>(_ key: String) throws -> [Element]? {
    guard let node = member(key), !node.isNull else { return nil }
    guard case .sequence(let elements) = node.content else { return [try parse(node, key)] }
    return try elements.map { try parse($0, key) }
  }

  private func json<Element: FieldScalar>(_ values: [Element]) -> JSON {
    .array(values.map { $0.fieldJSON })
  }
}
