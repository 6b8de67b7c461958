import Foundation
import Synchronization

/// The YAML files that can be run by name: `tasks/` and its folders.
///
/// The folder `tasks` is looked for in `UNMASK_HOME`, in the working folder, above the executable (a
/// build folder of the repository) and in `share/unmask` beside it (an installation). The first that
/// has a name wins; that one of the working folder hides another is said on every run.
package enum Catalogue {
  /// The file that `name` stands for: the path of a YAML file, or a name in `folder`.
  /// - Parameters:
  ///   - name: What the user typed: `mae`, `tasks/pretrain/mae.yaml`, `mine.yaml`.
  ///   - folder: The folder below the home: `tasks/pretrain`.
  ///   - kind: What is looked for, for messages: "recipe".
  /// - Returns: The path of a file that exists.
  /// - Throws: `InputError` with the nearest name.
  package static func path(of name: String, in folder: String, kind: String) throws -> String {
    if isFile(name), name.contains("/") || name.contains(".") { return name }
    guard !name.contains("/"), !name.hasSuffix(".yaml"), !name.hasSuffix(".yml") else {
      throw InputError(name, "there is no such file", "give the path of a YAML file, or a name")
    }
    let found = candidates(name, folder).filter { isFile($0) }
    if let path = found.first {
      if let next = found.dropFirst().first { noteShadow(path, of: next) }
      return path
    }
    throw InputError(
      name, "there is no such \(kind)", suggestion(for: name, among: names(in: folder)))
  }

  /// The names of the YAML files in `folder`, sorted.
  package static func names(in folder: String) -> [String] {
    var names: Set<String> = []
    for root in roots {
      let files = (try? FileSystem.names(in: root + "/" + folder)) ?? []
      for file in files where file.hasSuffix(".yaml") { names.insert(String(file.dropLast(5))) }
    }
    return names.sorted()
  }

  /// The beginning of the comment that opens the file, up to a period, semicolon or empty line.
  package static func summary(of path: String) -> String {
    guard let file = try? MappedFile(path) else { return "" }
    let text = unsafe String(decoding: file.bytes.prefix(4096), as: UTF8.self)
    let comment = text.split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { $0.hasPrefix("# ") && !$0.hasPrefix("# Source:") }
      .map { $0.dropFirst(2) }.joined(separator: " ")
    let end = [". ", "; "].compactMap { comment.range(of: $0)?.lowerBound }.min()
    let sentence = comment[..<(end ?? comment.endIndex)]
    return String(sentence.hasSuffix(".") ? sentence.dropLast() : sentence)
  }

  /// The folders in which `tasks` may lie, best first.
  static let roots: [String] = {
    var roots: [String] = []
    if let home = Environment.value("UNMASK_HOME") { roots.append(home) }
    roots.append(".")
    var folder = FileSystem.executable.absolutePath
    for _ in 0..<5 {
      folder = folder.parentFolder
      roots += [folder, folder + "/share/unmask"]
    }
    return roots.filter { FileSystem.exists($0 + "/tasks") }
  }()

  private static func candidates(_ name: String, _ folder: String) -> [String] {
    roots.map { "\($0)/\(folder)/\(name).yaml" }
  }

  private static func isFile(_ path: String) -> Bool {
    FileSystem.exists(path) && !FileSystem.isFolder(path)
  }

  private static let noted = Mutex<Set<String>>([])

  /// Says, once a run, that a file of the working folder stands for one that came with the program.
  private static func noteShadow(_ path: String, of shipped: String) {
    guard path.hasPrefix("./"), !isSame(path, shipped),
      noted.withLock({ $0.insert(path).inserted })
    else { return }
    Log.note("\(path) of the working folder is used, not \(shipped)")
  }

  private static func isSame(_ first: String, _ second: String) -> Bool {
    if let one = FileSystem.status(first), let other = FileSystem.status(second),
      one.st_ino == other.st_ino, one.st_dev == other.st_dev
    {
      return true
    }
    return (try? MappedFile(first).data) == (try? MappedFile(second).data)
  }
}
