import Foundation
import Support

/// What a user asked for with `--data`: `kind:path?option=value&option=value`.
package struct DatasetSpecification: Sendable {
  /// The text as typed; the subject of errors.
  package let text: String
  /// The name before the colon.
  package let kind: String
  /// What follows the colon, if anything.
  package let path: String?
  private let options: [String: String]

  /// Takes the text apart.
  /// - Throws: `InputError` when an option has no value or is given twice.
  package init(_ text: String) throws {
    self.text = text
    let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let place = (halves.first ?? "").split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    kind = String(place.first ?? "")
    path = place.count > 1 && !place[1].isEmpty ? String(place[1]) : nil
    var options: [String: String] = [:]
    for option in halves.count > 1 ? halves[1].split(separator: "&") : [] {
      let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else {
        throw InputError(text, "'\(option)' is not an option", "write it as name=value")
      }
      guard options.updateValue(String(pair[1]), forKey: String(pair[0])) == nil else {
        throw InputError(text, "option '\(pair[0])' is given twice", "keep one")
      }
    }
    self.options = options
  }

  /// Refuses options other than those of `known`, with the nearest of them.
  func checkOptions(_ known: [DatasetOption]) throws {
    let names = known.map { $0.name }
    for name in options.keys.sorted() where !names.contains(name) {
      throw InputError(
        text, "\(kind) has no option '\(name)'",
        names.isEmpty ? "remove it" : suggestion(for: name, among: names))
    }
  }

  /// An option that is a whole number, or `value` when it is not given.
  func integer(_ name: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let given = options[name] else { return value }
    guard let number = Int(given), range.contains(number) else {
      throw InputError(
        text, "option '\(name)' must be a whole number in \(spell(range)), not '\(given)'")
    }
    return number
  }

  /// An option that is a number, or `value` when it is not given.
  func number(_ name: String, default value: Double, in range: ClosedRange<Double>) throws
    -> Double
  {
    guard let given = options[name] else { return value }
    guard let number = Double(given), range.contains(number) else {
      throw InputError(text, "option '\(name)' must be in \(spell(range)), not '\(given)'")
    }
    return number
  }

  /// An option that is one of `choices`, or the first of them when it is not given.
  func choice(_ name: String, of choices: [String]) throws -> String {
    guard let given = options[name] else { return choices[0] }
    guard choices.contains(given) else {
      throw InputError(
        text, "option '\(name)' must be one of \(choices.joined(separator: ", ")), not '\(given)'",
        suggestion(for: given, among: choices))
    }
    return given
  }

  /// An option that is any text, if it is given.
  func text(_ name: String) -> String? { options[name] }

  /// Whether an option is given.
  func has(_ name: String) -> Bool { options[name] != nil }

  /// The options in the order of their names, as a part of the data set's name; may be empty.
  var optionsText: String {
    options.isEmpty
      ? "" : "?" + options.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "&")
  }

  /// The last component of the path: what the data set is called.
  var pathName: String {
    URL(fileURLWithPath: path ?? "").standardizedFileURL.lastPathComponent
  }

  /// Where the path leads, as an absolute path; nil when there is none.
  var place: String? {
    guard let path else { return nil }
    let found = (try? location()) ?? path
    return FileNameText.visible(URL(fileURLWithPath: found).standardizedFileURL.path)
  }

  /// The folder that the path names.
  ///
  /// A path that does not exist is also looked for below the folder that `UNMASK_DATA` names.
  func folder() throws -> String {
    let found = try location()
    guard isFolder(found) else {
      if let foreign = ForeignData(found) { throw foreign.error(text) }
      throw InputError(text, "\(found) is a file, not a folder", "give the folder that holds it")
    }
    return found
  }

  /// The file that the path names; see `folder`.
  func file() throws -> String {
    let found = try location("file")
    guard isFile(found) else {
      throw InputError(text, "\(found) is no file", "give the file itself")
    }
    return found
  }

  /// The path, or the same below `UNMASK_DATA` when only that exists.
  func location(_ what: String = "folder") throws -> String {
    guard let path else {
      throw InputError(text, "the \(what) is missing", "write \(kind):\(what.uppercased())")
    }
    if FileSystem.exists(path) { return path }
    if let root = Environment.value("UNMASK_DATA"), !path.hasPrefix("/") {
      guard FileSystem.isFolder(root) else {
        throw InputError("UNMASK_DATA", "there is no folder \(root)", "correct or unset it")
      }
      if FileSystem.exists(root + "/" + path) { return root + "/" + path }
    }
    throw InputError(text, "there is no \(what) \(path)", "check the path")
  }
}

private func spell<Bound>(_ range: ClosedRange<Bound>) -> String {
  "\(range.lowerBound)…\(range.upperBound)"
}
