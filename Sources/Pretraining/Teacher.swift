import Support
import Training

/// A second encoder that gives targets, and how it follows the one that is trained; every file of `Teachers` is one.
package protocol Teacher: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for people.
  static var summary: String { get }

  /// Reads the settings.
  init(_ fields: Fields) throws

  /// Its momentum at each step of a run.
  func momentum(steps: Int) -> Schedule
}
