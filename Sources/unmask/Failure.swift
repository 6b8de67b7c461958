import ArgumentParser
import Foundation
import Support

/// How a command ended, in words and as an exit code.
struct Failure {
  /// Wrong usage, or input that cannot be used.
  static let unusable = ExitCode(2)
  /// A task failed, or the gate did.
  static let failed = ExitCode(1)

  let error: any Error

  init(_ error: any Error) { self.error = error }

  /// Says why in one line and ends the process.
  func exit() -> Never {
    if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
    if Unmask.exitCode(for: error) == .success {
      // Help and the version were asked for.
      try? StandardOutput.write(Unmask.fullMessage(for: error) + "\n")
      Foundation.exit(0)
    }
    Log.error(line)
    Foundation.exit(Self.unusable.rawValue)
  }

  private var line: String {
    guard Unmask.exitCode(for: error) == .validationFailure else { return Log.line(for: error) }
    let message = Unmask.message(for: error).split(whereSeparator: \.isNewline)
      .joined(separator: " ")
    return message + "; see '" + (["unmask"] + command).joined(separator: " ") + " --help'"
  }

  /// The subcommand that was called, if any.
  private var command: [String] {
    let names = Unmask.configuration.subcommands.map { $0._commandName }
    return Environment.arguments.dropFirst().prefix(1).filter { names.contains($0) }
  }
}
