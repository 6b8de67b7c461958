import Foundation
import Support

/// The files beside a `report.json`: predictions and pictures, which it names with their hashes.
struct ReportFiles {
  private let folder: String
  /// What the report that is there names.
  private let earlier: [String]

  /// The files in the folder of a report, which need not exist yet.
  init(_ folder: String) {
    self.folder = folder
    earlier = (try? Report.read(folder)).map { Self.names(of: $0) } ?? []
  }

  /// Writes a file without touching another.
  ///
  /// - Parameters:
  ///   - data: the content.
  ///   - name: how it is called, `predictions/knn.npy`, unless a file of another content is.
  /// - Returns: how it is called.
  /// - Throws: `InputError` if it cannot be written.
  func add(_ data: Data, as name: String) throws -> String {
    let hash = SHA256.hex(of: data)
    let stem = name.parentFolder + "/" + name.fileStem
    // Another 32 bits of the hash would have to be equal for the second to be taken too.
    for name in [name, "\(stem)-\(hash.prefix(8)).\(name.fileEnding)"] {
      let path = folder + "/" + name
      if !FileSystem.exists(path) { try AtomicFile.write(data, to: path) }
      if try SHA256.hex(ofFile: path) == hash { return name }
    }
    throw InputError(folder, "changes while it is written", "let no other run write into it")
  }

  /// Removes what only the earlier report named, and what a killed run wrote for a report that never
  /// came.
  func removeOthers(than report: Report) {
    let kept = Set(Self.names(of: report))
    let left = ["predictions", "figures"].flatMap { part in
      ((try? FileSystem.names(in: folder + "/" + part)) ?? [])
        .filter { $0.wholeMatch(of: /.*-[0-9a-f]{8}\.(npy|png|svg)/) != nil }.map {
          part + "/" + $0
        }
    }
    for name in earlier + left where !kept.contains(name) {
      if let path = try? Self.path(of: name, in: folder) { AtomicFile.remove(path) }
    }
  }

  /// The path of a file that a report names; it lies below the report.
  /// - Throws: `InputError` for a name that leads elsewhere.
  static func path(of name: String, in folder: String) throws -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(".."), !parts.contains("") else {
      throw InputError(
        folder + "/report.json", "names a file outside its folder: \(name)",
        "evaluate the checkpoint again")
    }
    return folder + "/" + name
  }

  private static func names(of report: Report) -> [String] {
    let pictures = report.checkpoint.pictures
    return report.tasks.flatMap { task in
      let tables = [task.predictionsFile] + task.sets.map(\.predictionsFile)
      return task.figures + tables.compactMap { $0?.path }
    }
      + [pictures?.original, pictures?.masked, pictures?.reconstruction].compactMap { $0?.path }
  }
}
