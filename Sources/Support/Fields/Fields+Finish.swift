extension Fields {
  /// Refuses keys that nothing took, here and in the mappings that were taken from here.
  /// - Throws: `InputError` with file and line, the key and the nearest valid one.
  package func finish() throws {
    for member in members where !known.contains(member.key) {
      throw unknown(member)
    }
    for key in known {
      for child in children[key] ?? [] { try child.finish() }
    }
  }

  private func unknown(_ member: FieldNode.Member) -> InputError {
    let place = fullPath(member.key)
    if let override = document.overrides.last(where: { isPath($0.path, at: place) }) {
      let paths = document.descriptions.map { $0.path }
      return InputError(
        override.subject, "there is no such setting", suggestion(for: override.path, among: paths))
    }
    if let override = document.overrides.last(where: { isPath(place, at: $0.path) }) {
      return InputError(
        override.subject, "unknown key '\(member.key)' in \(path)",
        suggestion(for: member.key, among: known))
    }
    let line = member.value.line ?? line
    return InputError(
      line.map { "\(file):\($0)" } ?? file,
      "unknown key '\(member.key)'" + (path.isEmpty ? "" : " in \(path)"),
      suggestion(for: member.key, among: known))
  }
}
