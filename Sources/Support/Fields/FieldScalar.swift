import Foundation

/// A type that one value of a configuration can have.
package protocol FieldScalar: Sendable {
  /// What a value must be, for messages: "an integer".
  static var fieldKind: String { get }
  /// The value that `text` stands for; nil if it is none.
  init?(fieldText text: String, isQuoted: Bool)
  /// The value in the resolved configuration.
  var fieldJSON: JSON { get }
  /// A value to go on with where the recording reader meets a required field.
  static var fieldPlaceholder: Self { get }
}

extension Int: FieldScalar {
  package static var fieldKind: String { "an integer" }
  package static var fieldPlaceholder: Int { 1 }
  package var fieldJSON: JSON { .integer(self) }

  /// Decimal digits, with `_` between them if wanted; `1e3` and `3.0` count where they are whole.
  package init?(fieldText text: String, isQuoted: Bool) {
    guard !isQuoted else { return nil }
    let digits = text.replacingOccurrences(of: "_", with: "")
    if let value = Int(digits) {
      self = value
    } else if let value = Double(fieldText: text, isQuoted: false),
      let whole = Int(exactly: value), abs(value) < 0x1p53
    {
      self = whole
    } else {
      return nil
    }
  }
}

extension Double: FieldScalar {
  package static var fieldKind: String { "a number" }
  package static var fieldPlaceholder: Double { 1 }
  package var fieldJSON: JSON { .number(self) }

  /// A finite decimal number; hexadecimal, `inf` and `nan` are refused.
  package init?(fieldText text: String, isQuoted: Bool) {
    let letters = text.utf8.allSatisfy { "0123456789+-.eE_".utf8.contains($0) }
    guard !isQuoted, letters,
      let value = Double(text.replacingOccurrences(of: "_", with: "")), value.isFinite
    else { return nil }
    self = value
  }
}

extension Bool: FieldScalar {
  package static var fieldKind: String { "true or false" }
  package static var fieldPlaceholder: Bool { false }
  package var fieldJSON: JSON { .bool(self) }

  /// `true` or `false` (YAML 1.2); `yes` and `on` are strings.
  package init?(fieldText text: String, isQuoted: Bool) {
    guard !isQuoted, let value = Bool(text.lowercased()) else { return nil }
    self = value
  }
}

extension String: FieldScalar {
  package static var fieldKind: String { "a string" }
  package static var fieldPlaceholder: String { "" }
  package var fieldJSON: JSON { .string(self) }

  /// Any scalar but an empty one without quotation marks.
  package init?(fieldText text: String, isQuoted: Bool) {
    guard isQuoted || !text.isEmpty else { return nil }
    self = text
  }
}
