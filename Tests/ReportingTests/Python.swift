import Foundation

/// Runs scripts with the machine's `python3`, where there is one.
enum Python {
  /// Whether `python3` can import a module.
  static func has(_ module: String) -> Bool { (try? run("import \(module)")) == "" }

  /// What a script printed, errors included; empty if it succeeded silently.
  static func run(_ script: String, _ arguments: String...) throws -> String {
    try output(["-c", script] + arguments)
  }

  /// What a script in a file printed, errors included.
  static func script(_ path: String, _ arguments: String...) throws -> String {
    try output([path] + arguments)
  }

  private static func output(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    return text.isEmpty && process.terminationStatus != 0
      ? "exit code \(process.terminationStatus)" : text
  }
}
