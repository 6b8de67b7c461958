import Foundation

/// What the process was started with, names and paths as the system has them (see `SystemPath`).
package enum Environment {
  /// The words of the command line, the program first.
  package static let arguments: [String] = {
    (0..<Int(CommandLine.argc)).compactMap { index in
      unsafe CommandLine.unsafeArgv[index].map { unsafe String(systemName: $0) }
    }
  }()

  /// The variables of the environment.
  package static let variables: [String: String] = {
    var variables = ProcessInfo.processInfo.environment
    for name in variables.keys {
      if let value = unsafe getenv(name) { variables[name] = unsafe String(systemName: value) }
    }
    return variables
  }()

  /// The value of a variable; nil where it is not set or empty.
  package static func value(_ name: String) -> String? {
    variables[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Refuses variables of ours that name a folder and lead elsewhere, before anything is done.
  /// - Throws: `InputError` that names the variable.
  package static func check() throws {
    if let home = value("UNMASK_HOME"), !FileSystem.isFolder(home + "/tasks") {
      throw InputError("UNMASK_HOME", "\(home) holds no folder tasks", "correct or unset it")
    }
    for name in ["UNMASK_CACHE", "UNMASK_DATA"] {
      guard let folder = value(name), FileSystem.exists(folder), !FileSystem.isFolder(folder)
      else { continue }
      throw InputError(name, "\(folder) is no folder", "correct or unset it")
    }
  }
}
