/// One field of a configuration, as the code that reads it declares it.
package struct FieldDescription: Equatable, Sendable {
  /// The keys from the root, joined by dots: `mask.ratio`.
  package let path: String
  /// What a value must be: "a number".
  package let kind: String
  /// The value if the key is absent; nil if it is required.
  package let defaultValue: JSON?
  /// The allowed range in words; empty if any value will do.
  package let bounds: String
  /// The allowed names; empty if the field is no choice.
  package let choices: [String]
  /// What the field is.
  package let documentation: String

  /// The field in one line.
  ///
  /// For example `mask.ratio  a number from 0 to 1 (0.75)  share of patches hidden`.
  package var line: String {
    var text = "\(path)  "
    text += choices.isEmpty ? kind : "one of " + choices.joined(separator: ", ")
    if !bounds.isEmpty { text += " \(bounds)" }
    text += defaultValue.map { " (\($0.text()))" } ?? " (required)"
    return documentation.isEmpty ? text : text + "  " + documentation
  }
}
