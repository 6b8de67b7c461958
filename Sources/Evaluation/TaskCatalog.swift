import Foundation
import Support

/// The tasks that can be asked for by name: one YAML file each, in the folder `tasks` where
/// `Catalogue` finds it.
package enum TaskCatalog {
  private static let folder = "tasks"

  /// Names of all tasks, sorted.
  package static var names: [String] { Catalogue.names(in: folder) }

  /// The tasks that `all` stands for: one for each kind, under the kind's own name.
  package static var standardNames: [String] {
    let names = names
    return allTasks.map { $0.kind }.filter { names.contains($0) }
  }

  /// The first sentence of the comment that opens a task's file.
  package static func summary(of name: String) -> String {
    (try? path(of: name)).map { Catalogue.summary(of: $0) } ?? ""
  }

  /// Reads a task.
  ///
  /// - Parameters:
  ///   - name: a name of the catalogue, or the path of a YAML file.
  ///   - assignments: `KEY=VALUE` that override the file.
  /// - Returns: the task.
  /// - Throws: `InputError` when there is no such task or its file is wrong.
  package static func load(_ name: String, overriding assignments: [String] = []) throws
    -> TaskDefinition
  {
    let path = try path(of: name)
    let fields = try Fields(contentsOf: path)
    for assignment in assignments { try fields.override(assignment) }
    let file = path.fileStem
    return try TaskDefinition(name: file, fields: fields)
  }

  /// Reads tasks with overrides as they are typed: `TASK.KEY=VALUE`.
  ///
  /// - Parameters:
  ///   - names: names or paths; `all` stands for every standard task.
  ///   - assignments: overrides; each must be of one of the tasks.
  /// - Returns: the tasks in the order asked for, each once.
  /// - Throws: `InputError` when a name or an override fits nothing.
  package static func load(_ names: [String], assignments: [String] = []) throws
    -> [TaskDefinition]
  {
    var wanted: [String] = []
    for name in names.flatMap({ $0 == "all" ? standardNames : [$0] }) where !wanted.contains(name) {
      wanted.append(name)
    }
    guard let first = wanted.first else {
      throw InputError("--tasks", "names no task", suggestion(for: "", among: self.names))
    }
    var overrides: [String: [String]] = [:]
    for assignment in assignments {
      guard let task = wanted.first(where: { assignment.hasPrefix($0 + ".") }) else {
        throw InputError(
          "--set \(assignment)", "begins with none of the tasks \(wanted.joined(separator: ", "))",
          "write it like \(first).KEY=VALUE")
      }
      overrides[task, default: []].append(String(assignment.dropFirst(task.count + 1)))
    }
    return try wanted.map { name in
      var task = try load(name, overriding: overrides[name] ?? [])
      task.isImplied = !names.contains(name)
      return task
    }
  }

  private static func path(of name: String) throws -> String {
    try Catalogue.path(of: name, in: folder, kind: "task")
  }
}
