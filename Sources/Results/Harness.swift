import Foundation
import Support

/// The program that made a report.
package struct Harness: Equatable, Sendable {
  /// `unmask`.
  package var name: String
  /// Its semantic version; reports of different major versions are not compared by the gate.
  package var version: String
  /// The commit it was built from; nil when the program does not stand in its source tree.
  package var commit: String?

  /// A program by name, version and commit.
  package init(name: String, version: String, commit: String?) {
    self.name = name
    self.version = version
    self.commit = commit
  }

  /// This program.
  package static let current = Harness(name: "unmask", version: "0.1.0", commit: ownCommit())

  /// The first number of the version; nil if it is none.
  package var majorVersion: Int? { Self.major(version) }

  /// The first number of a version; nil if it is none.
  package static func major(_ version: String) -> Int? {
    version.split(separator: ".").first.flatMap { Int($0) }
  }
}

/// The commit checked out in the source tree that holds this executable.
private func ownCommit() -> String? {
  var folder = FileSystem.executable.parentFolder
  while folder != "/", !folder.isEmpty {
    if let commit = commit(in: folder) { return commit }
    folder = folder.parentFolder
  }
  return nil
}

/// The commit that `HEAD` of the repository at `folder` names; nil if it is not a repository of ours.
func commit(in folder: String) -> String? {
  func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
  guard FileSystem.exists(folder + "/Package.swift") else { return nil }
  var git = folder + "/.git"
  if let link = text(git), link.hasPrefix("gitdir: ") { git = String(link.dropFirst(8)) }
  let common = text(git + "/commondir").map { git + "/" + $0 } ?? git
  guard let head = text(git + "/HEAD") else { return nil }
  guard head.hasPrefix("ref: ") else { return isCommit(head) ? head : nil }
  let name = String(head.dropFirst(5))
  if let commit = text(common + "/" + name), isCommit(commit) { return commit }
  let packed = text(common + "/packed-refs")?.split(separator: "\n") ?? []
  let line = packed.first { $0.hasSuffix(" " + name) }
  return line.map { String($0.prefix(40)) }.flatMap { isCommit($0) ? $0 : nil }
}

private func isCommit(_ text: String) -> Bool {
  text.utf8.count >= 40 && text.allSatisfy(\.isHexDigit)
}
