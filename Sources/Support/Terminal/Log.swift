import Foundation

/// Messages for the user, on standard error, one line each whatever they hold.
package enum Log {
  /// What precedes the lines and progress of the work that is going on, where several go on at
  /// once: "random 0.5, seed 1".
  @TaskLocal package static var context = ""

  /// Something worth knowing.
  package static func note(_ message: String) { StandardError.write(placed(message) + "\n") }

  /// Something that may make the result other than wanted.
  package static func warning(_ message: String) {
    StandardError.write(colored("warning:", "33") + " \(placed(message))\n")
  }

  /// Why the run, or a part of it, failed.
  package static func error(_ message: String) {
    StandardError.write(colored("error:", "31") + " \(placed(message))\n")
  }

  /// Commands to the CI system that runs the program, one a line, whose parts are escaped already.
  package static func workflowCommands(_ lines: [String]) {
    for line in lines { StandardError.write(line + "\n") }
  }

  /// The one line that describes any error.
  package static func line(for error: any Error) -> String {
    (error as? any LocalizedError)?.errorDescription ?? "\(error)"
  }

  /// `text` behind the context, if there is one, as one line.
  static func placed(_ text: String) -> String {
    Visible.line(context.isEmpty ? text : "\(context): \(text)")
  }

  private static func colored(_ text: String, _ code: String) -> String {
    StandardError.hasColor ? "\u{1b}[1;\(code)m\(text)\u{1b}[0m" : text
  }
}
