import Foundation

/// Something outside the program is unusable: one line that says what, why, and what to do.
///
/// `unmask` prints it on standard error and exits with code 2.
package struct InputError: Error, LocalizedError, Equatable, Sendable {
  /// The file, key or option that is wrong.
  package let subject: String
  /// What is wrong with it.
  package let problem: String
  /// What the user can do next; may be empty.
  package let remedy: String
  /// Whether nothing that a run would go on to do can succeed: no place to write, no data to read.
  package private(set) var endsRun = false

  /// Describes one unusable input.
  package init(_ subject: String, _ problem: String, _ remedy: String = "") {
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  /// The same error as one that ends the run.
  package func endingRun() -> InputError {
    var error = self
    error.endsRun = true
    return error
  }

  /// The most characters of each part that are shown: names in a hostile file may have millions.
  private static let longest = 5000

  /// `subject: problem; remedy` on one line, made visible, shortened when endless.
  package var errorDescription: String? {
    let parts = [subject, problem, remedy].map { part in
      let start = part.unicodeScalars.prefix(Self.longest)
      return start.endIndex == part.unicodeScalars.endIndex ? part : String(start) + "…"
    }
    return Visible.line("\(parts[0]): \(parts[1])" + (remedy.isEmpty ? "" : "; \(parts[2])"))
  }
}
