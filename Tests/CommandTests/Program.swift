import Foundation
import Support
import TestSupport

/// The built `unmask`, run as a user would.
struct Program {
  /// What one run left.
  struct Result {
    let code: Int32
    let output: String
    let errors: String

    /// Standard error, line by line.
    var errorLines: [Substring] { errors.split(separator: "\n") }
  }

  /// The executable beside the test bundle.
  static let path: String = {
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = bundle.parentFolder + "/unmask"
    let usual = packageFolder + "/.build/release/unmask"
    return FileManager.default.isExecutableFile(atPath: beside) ? beside : usual
  }()

  /// Runs `unmask` with `arguments` and waits.
  /// - Parameters:
  ///   - arguments: The words after `unmask`.
  ///   - folder: The working folder; the package if nil.
  ///   - environment: Variables beside the usual ones.
  /// - Returns: Exit code and what was written.
  /// - Throws: If the executable is not there.
  static func run(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]
  ) throws -> Result {
    let scratch = TemporaryFolder()
    let process = try start(
      arguments, in: folder, environment: environment, output: scratch.file("output"),
      errors: scratch.file("errors"))
    wait(for: process, seconds: 240)
    return Result(
      code: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus,
      output: text(scratch.file("output")), errors: text(scratch.file("errors")))
  }

  /// Runs a line of the shell, in which `"$UNMASK"` is the program, and waits.
  ///
  /// For what Foundation cannot start: closed descriptors, names of any bytes, limits.
  static func shell(
    _ line: String, in folder: String? = nil, environment: [String: String] = [:],
    seconds: Double = 120
  ) throws -> Result {
    let scratch = TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = URL(fileURLWithPath: folder ?? packageFolder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      .merging(["UNMASK": path]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle(scratch.file("output"))
    process.standardError = handle(scratch.file("errors"))
    try process.run()
    wait(for: process, seconds: seconds)
    return Result(
      code: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus,
      output: text(scratch.file("output")), errors: text(scratch.file("errors")))
  }

  /// Waits for `process`; one that does not end in time is killed, so that no test hangs.
  static func wait(for process: Process, seconds: Double) {
    let start = ContinuousClock.now
    while process.isRunning {
      guard ContinuousClock.now - start < .seconds(seconds) else {
        kill(process.processIdentifier, SIGKILL)
        return process.waitUntilExit()
      }
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  /// Starts `unmask` with standard output and error in files, so that no pipe can fill up.
  static func start(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
    output: String, errors: String
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder ?? packageFolder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle(output)
    process.standardError = handle(errors)
    try process.run()
    return process
  }

  private static func handle(_ path: String) -> FileHandle {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    return FileHandle(forWritingAtPath: path) ?? .nullDevice
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
