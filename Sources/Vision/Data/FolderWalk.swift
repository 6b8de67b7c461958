import Support

/// The pictures below a folder, links followed, and what lies there besides.
struct FolderWalk {
  /// Paths of pictures relative to the folder, in the order of their bytes.
  private(set) var pictures: [String] = []
  private(set) var leftOut = LeftOut()
  private let root: String

  /// Walks through the folder at `path`.
  /// - Throws: `InputError` when a folder cannot be read.
  init(_ path: String) throws {
    root = path
    guard case .folder(let identity) = entryKind(path) else {
      throw InputError(FileNameText.visible(path), "there is no such folder", "restore it")
    }
    try walk("", above: [identity])
    let bytes = pictures.map { FileNameText.bytes(of: $0) }
    pictures = bytes.indices.sorted { bytes[$0].lexicographicallyPrecedes(bytes[$1]) }
      .map { pictures[$0] }
  }

  /// Walks on below `prefix`, which is empty or ends in a slash; a link to one of the folders `above`,
  /// which are those on the way here, would be an endless way.
  private mutating func walk(_ prefix: String, above: [FolderIdentity]) throws {
    let folder = prefix.isEmpty ? root : root + "/" + prefix.dropLast()
    for entry in try listFolder(folder) where !isLitter(entry.name) {
      let name = prefix + entry.name
      switch entry.kind {
      case .folder(let identity):
        guard !above.contains(identity) else {
          leftOut.add(kind: "link to a folder above it")
          continue
        }
        try walk(name + "/", above: above + [identity])
      case .special: leftOut.add(kind: "pipe or device")
      // A picture that is not there is an error when it is read, not a file to be left out.
      case .file, .brokenLink:
        if pictureEndings.contains(entry.name.fileEnding.lowercased()) {
          pictures.append(name)
        } else {
          leftOut.add(file: root + "/" + name)
        }
      }
    }
  }
}

/// Paths of the pictures below a folder, relative to it, in the order of their bytes; links are followed.
/// - Throws: `InputError` when a folder cannot be read.
package func pictureFiles(below folder: String) throws -> [String] {
  try FolderWalk(folder).pictures
}
