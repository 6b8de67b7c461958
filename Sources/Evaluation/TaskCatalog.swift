import Foundation
import Support

/// The tasks that can be asked for by name: one YAML file each.
///
/// Looked for in the folder `UNMASK_TASKS`, else in `tasks` of the working directory, else in
/// `tasks` beside or above the program (a source tree) or in `share/unmask/tasks` of its prefix.
/// What is nowhere on the disk comes from the copy that was compiled into the program.
package struct TaskCatalog: Sendable {
  private let folders: [String]

  /// The tasks that this process finds.
  package init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    workingFolder: String = FileManager.default.currentDirectoryPath
  ) {
    if let own = environment["UNMASK_TASKS"], !own.isEmpty {
      folders = [own]
      return
    }
    folders = [workingFolder + "/tasks"] + Self.foldersOfProgram()
  }

  /// Names of all tasks, sorted.
  package var names: [String] {
    let onDisk = folders.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(".yaml".count)) }
    }
    return Set(onDisk + embeddedTaskFiles.map { $0.name }).sorted()
  }

  /// The tasks that `all` stands for: one for each kind, under the kind's own name.
  package var standardNames: [String] {
    let names = names
    return allTasks.map { $0.kind }.filter { names.contains($0) }
  }

  /// Reads a task.
  ///
  /// - Parameters:
  ///   - name: a name of the catalogue, or the path of a YAML file.
  ///   - assignments: `KEY=VALUE` that override the file.
  /// - Returns: the task.
  /// - Throws: `InputError` when there is no such task or its file is wrong.
  package func load(_ name: String, overriding assignments: [String] = []) throws -> TaskDefinition
  {
    let fields = try fields(of: name)
    for assignment in assignments { try fields.override(assignment) }
    let isPath = name.hasSuffix(".yaml")
    let short = isPath ? ((name as NSString).lastPathComponent as NSString).deletingPathExtension : name
    return try TaskDefinition(name: short, fields: fields)
  }

  /// Reads tasks with overrides as they are typed: `TASK.KEY=VALUE`.
  ///
  /// - Parameters:
  ///   - names: names or paths; `all` stands for every standard task.
  ///   - assignments: overrides; each must be of one of the tasks.
  /// - Returns: the tasks in the order asked for, each once.
  /// - Throws: `InputError` when a name or an override fits nothing.
  package func load(_ names: [String], assignments: [String]) throws -> [TaskDefinition] {
    var wanted: [String] = []
    for name in names.flatMap({ $0 == "all" ? standardNames : [$0] }) where !wanted.contains(name) {
      wanted.append(name)
    }
    guard !wanted.isEmpty else {
      throw InputError("--tasks", "names no task", suggestion(for: "", among: self.names))
    }
    var overrides: [String: [String]] = [:]
    for assignment in assignments {
      guard let task = wanted.first(where: { assignment.hasPrefix($0 + ".") }) else {
        throw InputError(
          "--set \(assignment)", "begins with none of the tasks \(wanted.joined(separator: ", "))",
          "write it like \(wanted[0]).KEY=VALUE")
      }
      overrides[task, default: []].append(String(assignment.dropFirst(task.count + 1)))
    }
    return try wanted.map { try load($0, overriding: overrides[$0] ?? []) }
  }

  /// The comment at the head of a task's file: source, expected result, cost.
  package func comment(of name: String) -> String {
    let text = embeddedTaskFiles.first { $0.name == name }?.text
    let file = folders.map { "\($0)/\(name).yaml" }
      .first { FileManager.default.fileExists(atPath: $0) }
    let content = file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? text ?? ""
    let lines = content.split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { $0.hasPrefix("#") }
    return lines.map { $0.drop { $0 == "#" || $0 == " " } }.joined(separator: "\n")
  }

  private func fields(of name: String) throws -> Fields {
    if name.hasSuffix(".yaml") { return try Fields(contentsOf: name) }
    if !name.contains("/") {
      for folder in folders {
        let path = "\(folder)/\(name).yaml"
        if FileManager.default.fileExists(atPath: path) { return try Fields(contentsOf: path) }
      }
      if let file = embeddedTaskFiles.first(where: { $0.name == name }) {
        return try Fields(yaml: file.text, file: "tasks/\(name).yaml")
      }
    }
    throw InputError("--tasks \(name)", "there is no such task", suggestion(for: name, among: names))
  }

  private static func foldersOfProgram() -> [String] {
    let files = FileManager.default
    guard let program = try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      return []
    }
    var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
    var found = [folder.deletingLastPathComponent().path + "/share/unmask/tasks"]
    while folder.path != "/" {
      // A folder called tasks counts only in a source tree of ours.
      if files.fileExists(atPath: folder.path + "/Sources/unmask") {
        found.append(folder.path + "/tasks")
      }
      folder.deleteLastPathComponent()
    }
    return found
  }
}
