import Foundation
import Support

/// What a checkpoint is called: the row of a table, and the folder of its results.
///
/// Names are made of paths, since everybody's file is called `checkpoint.pth`: words that say nothing
/// (`model`, `weights`, a hash) are left out, words that say little (`best`, `epoch_12`, `checkpoint-1000`)
/// stand behind the folder's name.
package enum CheckpointName {
  /// The most bytes that usual file systems allow a name.
  private static let mostBytes = 255
  /// The most bytes of a name that is made here: there is room for a number behind it.
  private static let mostOwnBytes = 200

  /// The name that a checkpoint as typed gets, unless another is given.
  package static func of(_ source: String) -> String { CheckpointPath(source).name(detail: 0) }

  /// A text as a name: letters, marks and digits of all scripts, composed, and `.`, `-`, `_`, `@`; others
  /// become `-`.
  package static func safe(_ text: String) -> String {
    var name = ""
    for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars {
      name.unicodeScalars.append(
        isWord(scalar) || "._@-".unicodeScalars.contains(scalar) ? scalar : "-")
    }
    while let first = name.first, first == "." || first == "-" { name.removeFirst() }
    return name.isEmpty ? "checkpoint" : shortened(name)
  }

  /// A name as somebody gave it, composed.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - option: where it was given, for errors.
  /// - Returns: the same in Unicode's form C.
  /// - Throws: `InputError` when it cannot be the name of one visible folder.
  package static func checked(_ name: String, from option: String) throws -> String {
    let composed = name.precomposedStringWithCanonicalMapping
    func refusal(_ problem: String) -> InputError {
      InputError(
        option, "the name \(problem)",
        "it must be the name of a folder inside --out: letters, digits and . _ @ -")
    }
    guard composed.contains(where: { !$0.isWhitespace }) else { throw refusal("is empty") }
    guard !composed.hasPrefix(".") else { throw refusal("begins with a dot") }
    guard !composed.contains("/") else { throw refusal("holds a '/'") }
    guard composed.unicodeScalars.allSatisfy(isVisible) else {
      throw refusal("holds a character that cannot be seen")
    }
    guard composed.utf8.count <= mostBytes else {
      throw refusal("takes \(composed.utf8.count) bytes, more than \(mostBytes)")
    }
    return composed
  }

  /// The same for names that a file system which ignores case takes for one.
  package static func folded(_ name: String) -> String {
    name.precomposedStringWithCanonicalMapping.uppercased().lowercased()
      .precomposedStringWithCanonicalMapping
  }

  /// Cuts a name that is too long, and marks it with a hash of the whole.
  private static func shortened(_ name: String) -> String {
    guard name.utf8.count > mostOwnBytes else { return name }
    var short = name
    while short.utf8.count > mostOwnBytes - 9 { short.removeLast() }
    return short + "-" + SHA256.hex(of: name).prefix(8)
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}

/// A checkpoint as typed: a path or reference, perhaps with a name before it.
package struct CheckpointArgument: Equatable, Sendable {
  /// The name that was given.
  package let name: String?
  /// The path or reference.
  package let source: String

  /// Takes `NAME=CHECKPOINT` apart; a file whose own name has an equals sign is a file.
  ///
  /// - Parameter text: as typed.
  /// - Throws: `InputError` when the name cannot be that of a folder.
  package init(_ text: String) throws {
    let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, !halves[0].contains("/"), !halves[0].contains(":"),
      !FileSystem.exists(text)
    else {
      name = nil
      source = text
      return
    }
    name = try CheckpointName.checked(String(halves[0]), from: text)
    source = String(halves[1])
    guard !source.isEmpty else {
      throw InputError(text, "names no checkpoint", "write NAME=CHECKPOINT")
    }
  }

  /// Names for checkpoints, no two alike, in the eyes of a file system that ignores case either.
  ///
  /// - Parameters:
  ///   - arguments: the checkpoints.
  ///   - name: of the only one; made of its path when nil.
  /// - Returns: a name for each, in order.
  /// - Throws: `InputError` when two were given the same name.
  package static func names(of arguments: [CheckpointArgument], only name: String? = nil) throws
    -> [String]
  {
    if let name, arguments.count == 1 { return [try CheckpointName.checked(name, from: "--name")] }
    var taken: Set<String> = []
    for name in arguments.compactMap(\.name) {
      guard taken.insert(CheckpointName.folded(name)).inserted else {
        throw InputError("\(name)=…", "two checkpoints are called '\(name)'", "rename one of them")
      }
    }
    let paths = arguments.map { CheckpointPath($0.source) }
    var names = zip(arguments, paths).map { $0.name ?? $1.name(detail: 0) }
    for detail in 1...CheckpointPath.mostDetail {
      let clashing = Self.clashing(names)
      guard !clashing.isEmpty else { return names }
      for index in clashing where arguments[index].name == nil {
        names[index] = paths[index].name(detail: detail)
      }
    }
    return numbered(names, given: arguments.map { $0.name != nil })
  }

  private static func clashing(_ names: [String]) -> [Int] {
    Dictionary(grouping: names.indices) { CheckpointName.folded(names[$0]) }.values
      .filter { $0.count > 1 }.flatMap { $0 }
  }

  /// Numbers what paths cannot tell apart, such as one checkpoint typed twice.
  private static func numbered(_ names: [String], given: [Bool]) -> [String] {
    var taken = Set(names.indices.filter { given[$0] }.map { CheckpointName.folded(names[$0]) })
    return names.indices.map { index in
      guard !given[index] else { return names[index] }
      var (name, number) = (names[index], 2)
      while !taken.insert(CheckpointName.folded(name)).inserted {
        name = "\(names[index])-\(number)"
        number += 1
      }
      return name
    }
  }
}
