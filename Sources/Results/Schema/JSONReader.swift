import Foundation
import Support

/// A place in a JSON file that is read with types; every error is one line that names the place.
package struct JSONReader {
  package let json: JSON
  /// Where it is, for example `tasks[3].metrics.top1`; empty at the root.
  package let path: String
  package let file: String

  package init(_ json: JSON, file: String, path: String = "") {
    self.json = json
    self.file = file
    self.path = path
  }

  /// An error about this place.
  package func error(_ problem: String, _ remedy: String = "") -> InputError {
    InputError(file, path.isEmpty ? problem : "\(path) \(problem)", remedy)
  }

  /// The value under a key that must be there.
  package func required(_ key: String) throws -> JSONReader {
    let members = try members()
    let place = path.isEmpty ? key : path + "." + key
    guard let value = members[key] else {
      throw InputError(file, "\(place) is missing")
    }
    return JSONReader(value, file: file, path: place)
  }

  /// The value under a key; nil if it is absent or null.
  package func optional(_ key: String) throws -> JSONReader? {
    let members = try members()
    guard let value = members[key], value != .null else { return nil }
    return JSONReader(value, file: file, path: path.isEmpty ? key : path + "." + key)
  }

  package func string() throws -> String {
    guard let value = json.string else { throw error("must be text") }
    return value
  }

  package func bool() throws -> Bool {
    guard let value = json.bool else { throw error("must be true or false") }
    return value
  }

  package func integer() throws -> Int {
    guard let value = json.int else { throw error("must be a whole number") }
    return value
  }

  package func count() throws -> Int {
    let value = try integer()
    guard value >= 0 else { throw error("must not be negative, but is \(value)") }
    return value
  }

  package func number() throws -> Double {
    guard let value = json.double, value.isFinite else { throw error("must be a number") }
    return value
  }

  package func array() throws -> [JSONReader] {
    guard let values = json.array else { throw error("must be a list") }
    return values.enumerated().map {
      JSONReader($1, file: file, path: "\(path)[\($0)]")
    }
  }

  package func object() throws -> [(key: String, value: JSONReader)] {
    try members().sorted { $0.key < $1.key }.map { key, value in
      (key, JSONReader(value, file: file, path: path.isEmpty ? key : path + "." + key))
    }
  }

  /// A mapping of which every value is read the same way.
  package func mapping<Value>(_ read: (JSONReader) throws -> Value) throws -> [String: Value] {
    try Dictionary(uniqueKeysWithValues: object().map { try ($0.key, read($0.value)) })
  }

  /// One of a few words.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _: Choice.Type
  ) throws -> Choice where Choice.RawValue == String {
    let text = try string()
    guard let choice = Choice(rawValue: text) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("is \(text), not one of \(known)")
    }
    return choice
  }

  private func members() throws -> [String: JSON] {
    guard let members = json.object else { throw error("must be an object") }
    return members
  }
}

extension Optional where Wrapped == String {
  /// The text, or null.
  package var json: JSON { map { .string($0) } ?? .null }
}

extension Optional where Wrapped == Int {
  /// The number, or null.
  package var json: JSON { map { .integer($0) } ?? .null }
}
