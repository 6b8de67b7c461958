extension Fields {
  /// The value of `key`, or `defaultValue` if it is absent.
  /// - Parameters:
  ///   - key: The key in this mapping.
  ///   - defaultValue: The value if the key is absent or null.
  ///   - documentation: What the field is.
  /// - Returns: The value.
  /// - Throws: `InputError` if the value is of another type.
  package func take<Value: FieldScalar>(
    _ key: String, default defaultValue: Value, _ documentation: String
  ) throws -> Value {
    describe(key, Value.fieldKind, defaultValue.fieldJSON, documentation: documentation)
    let value: Value = try scalar(key) ?? defaultValue
    record(key, value.fieldJSON)
    return value
  }

  /// The value of `key`, or `defaultValue` if it is absent; it must lie inside `bounds`.
  ///
  /// Above zero is written `.leastNonzeroMagnitude...`.
  package func take<Bounds: RangeExpression>(
    _ key: String, default defaultValue: Bounds.Bound, in bounds: Bounds, _ documentation: String
  ) throws -> Bounds.Bound where Bounds.Bound: FieldScalar {
    let words = describeBounds(bounds)
    describe(
      key, Bounds.Bound.fieldKind, defaultValue.fieldJSON, bounds: words,
      documentation: documentation)
    let value: Bounds.Bound = try scalar(key) ?? defaultValue
    try check(value, bounds, words, key)
    record(key, value.fieldJSON)
    return value
  }

  /// The value of `key`, which must be there.
  package func takeRequired<Value: FieldScalar>(
    _ key: String, as type: Value.Type = Value.self, _ documentation: String
  ) throws -> Value {
    describe(key, Value.fieldKind, nil, documentation: documentation)
    guard let value: Value = try scalar(key) else {
      return try placeholderOrMissing(key, Value.fieldPlaceholder)
    }
    record(key, value.fieldJSON)
    return value
  }

  /// The value of `key`, which must be there and lie inside `bounds`.
  package func takeRequired<Bounds: RangeExpression>(
    _ key: String, in bounds: Bounds, _ documentation: String
  ) throws -> Bounds.Bound where Bounds.Bound: FieldScalar {
    let words = describeBounds(bounds)
    describe(key, Bounds.Bound.fieldKind, nil, bounds: words, documentation: documentation)
    guard let value: Bounds.Bound = try scalar(key) else {
      return try placeholderOrMissing(key, placeholder(in: bounds))
    }
    try check(value, bounds, words, key)
    record(key, value.fieldJSON)
    return value
  }

  /// The value of `key`; nil if it is absent or null.
  package func takeOptional<Value: FieldScalar>(
    _ key: String, as type: Value.Type = Value.self, _ documentation: String
  ) throws -> Value? {
    describe(key, Value.fieldKind, .null, documentation: documentation)
    let value: Value? = try scalar(key)
    record(key, value?.fieldJSON ?? .null)
    return value
  }

  /// The value of `key` inside `bounds`; nil if it is absent or null.
  package func takeOptional<Bounds: RangeExpression>(
    _ key: String, in bounds: Bounds, _ documentation: String
  ) throws -> Bounds.Bound? where Bounds.Bound: FieldScalar {
    let words = describeBounds(bounds)
    describe(key, Bounds.Bound.fieldKind, .null, bounds: words, documentation: documentation)
    let value: Bounds.Bound? = try scalar(key)
    if let value { try check(value, bounds, words, key) }
    record(key, value?.fieldJSON ?? .null)
    return value
  }

  /// One of `names`, or `defaultName` if the key is absent; with no default it must be there.
  package func takeChoice(
    _ key: String, of names: [String], default defaultName: String? = nil,
    _ documentation: String = ""
  ) throws -> String {
    describe(
      key, "a name", defaultName.map { .string($0) }, choices: names, documentation: documentation)
    guard let name: String = try scalar(key) ?? defaultName else {
      return try placeholderOrMissing(key, names.first ?? "")
    }
    guard names.contains(name) else {
      throw error(at: key, "\(fullPath(key)): no '\(name)'", suggestion(for: name, among: names))
    }
    record(key, .string(name))
    return name
  }

  /// Keeps a value for `resolved`: one that was taken, or what a file that a value names holds.
  package func record(_ key: String, _ value: JSON) {
    if recordsDefaults || has(key) { taken[key] = value }
  }

  func describe(
    _ key: String, _ kind: String, _ defaultValue: JSON?, bounds: String = "",
    choices: [String] = [], documentation: String
  ) {
    note(
      FieldDescription(
        path: fullPath(key), kind: kind, defaultValue: defaultValue, bounds: bounds,
        choices: choices, documentation: documentation), key: key)
  }

  /// The value of `key`; nil if it is absent or null.
  private func scalar<Value: FieldScalar>(_ key: String) throws -> Value? {
    guard let node = member(key), !node.isNull else { return nil }
    return try parse(node, key)
  }

  /// The value of one node.
  func parse<Value: FieldScalar>(_ node: FieldNode, _ key: String) throws -> Value {
    guard case .scalar(let text, let isQuoted) = node.content,
      let value = Value(fieldText: text, isQuoted: isQuoted)
    else {
      throw error(at: key, "\(fullPath(key)) must be \(Value.fieldKind), is \(node.kind)")
    }
    return value
  }

  func check<Bounds: RangeExpression>(
    _ value: Bounds.Bound, _ bounds: Bounds, _ words: String, _ key: String
  ) throws where Bounds.Bound: FieldScalar {
    guard !bounds.contains(value) else { return }
    throw error(at: key, "\(fullPath(key)) must be \(words), is \(value)")
  }

  func placeholderOrMissing<Value>(_ key: String, _ placeholder: Value) throws -> Value {
    if document.isRecording { return placeholder }
    throw error(at: nil, "\(fullPath(key)) is missing", "add it")
  }
}
