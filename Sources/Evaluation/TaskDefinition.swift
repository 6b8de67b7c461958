import Results
import Support

/// A task file, read: a kind of measurement with its version, protocol and settings.
package struct TaskDefinition: Sendable {
  /// The name of the file, as it is asked for.
  package let name: String
  /// The kind that implements it.
  package let kind: String
  /// Raised whenever a change of the file or of the code changes a number.
  package let version: Int
  /// The preset, for example `mae-linear-cpu@1`.
  package let protocolName: String
  /// The data set that the task is about; nil when any will do.
  package let dataset: String?
  /// All settings as resolved, with defaults.
  package let config: JSON
  /// The measurement.
  package let task: any Task
  /// Whether it was not asked for by name but as one of `all`.
  package var isImplied = false

  /// Reads a task file.
  ///
  /// - Parameters:
  ///   - name: how it is called.
  ///   - fields: its content, overridden from the command line.
  /// - Throws: `InputError` with file and line for an unknown kind, a misspelt key or a value out
  ///   of bounds.
  package init(name: String, fields: Fields) throws {
    self.name = name
    let kinds = allTasks.map { $0.kind }
    let kind = try fields.takeChoice("task", of: kinds, "the kind of measurement")
    self.kind = kind
    version = try fields.takeRequired("version", in: 1...1_000_000, "version of the definition")
    protocolName = try fields.takeRequired("protocol", as: String.self, "name of the preset")
    dataset = try fields.takeOptional(
      "dataset", as: String.self, "data set as after --data; any when absent")
    guard let type = allTasks.first(where: { $0.kind == kind }) else {
      throw fields.error(at: "task", "there is no task '\(kind)'")
    }
    task = try type.init(fields: fields)
    try fields.finish()
    config = Self.measured(fields.resolved)
  }

  /// The settings without those that a result records elsewhere.
  private static func measured(_ resolved: JSON) -> JSON {
    var object = resolved.object ?? [:]
    for key in ["task", "version", "protocol", "dataset"] { object[key] = nil }
    return .object(object)
  }

  /// A result of this task without any number.
  package func blankResult(dataset: DatasetSummary?) -> TaskResult {
    TaskResult(
      task: kind, version: version, protocolName: protocolName, dataset: dataset, config: config)
  }
}
