/// The program's own name and version, as reports record them.
package enum Harness {
  package static let name = "unmask"
  /// Semantic version; a change of the major number makes reports incomparable for the gate.
  package static let version = "0.1.0"
}
