import Support

extension CheckpointOptions {
  /// The prefix of settings that are about the checkpoint.
  private static let prefix = "checkpoint."

  /// Takes the settings about the checkpoint out of those typed after `--set`.
  /// - Parameter assignments: `KEY=VALUE`; those that begin with `checkpoint.` are removed.
  /// - Throws: `InputError` naming an unknown key or a value out of bounds.
  package init(takingFrom assignments: inout [String]) throws {
    let fields = try Fields(json: [:], file: "--set")
    for assignment in assignments where assignment.hasPrefix(Self.prefix) {
      try fields.override(assignment)
    }
    assignments.removeAll { $0.hasPrefix(Self.prefix) }
    try self.init(fields.takeFields("checkpoint"))
    try fields.finish()
  }

  /// Reads settings that may only be about the checkpoint.
  /// - Parameter assignments: `checkpoint.KEY=VALUE`.
  /// - Throws: `InputError` naming what is unknown.
  package init(assignments: [String]) throws {
    var rest = assignments
    try self.init(takingFrom: &rest)
    guard let other = rest.first else { return }
    throw InputError(
      "--set \(other)", "is not about the checkpoint", "write it like checkpoint.side=224")
  }
}
