import Foundation

/// A file or folder in a folder, links followed.
package struct FolderEntry: Sendable {
  /// What a name leads to.
  package enum Kind: Sendable {
    /// A folder; device and node tell it from all others.
    case folder(FolderIdentity)
    case file
    /// A pipe, a device or a socket.
    case special
    /// A link to nothing.
    case brokenLink
  }

  /// The name, as `FileNameText` writes it.
  package let name: String
  package let kind: Kind

  /// Whether it is a folder.
  package var isFolder: Bool {
    if case .folder = kind { return true }
    return false
  }
}

/// Which folder it is, by whatever path it is reached.
package struct FolderIdentity: Hashable, Sendable {
  let device: UInt64
  let node: UInt64
}

/// Everything in a folder, in the order of the names' bytes.
/// - Throws: `InputError` when the folder cannot be read.
package func listFolder(_ path: String) throws -> [FolderEntry] {
  guard let folder = unsafe opendir(FileNameText.cString(path)) else {
    throw InputError(FileNameText.visible(path), "the folder cannot be read", errno: errno)
  }
  defer { unsafe closedir(folder) }
  var names: [[UInt8]] = []
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
      unsafe Array($0.prefix { $0 != 0 })
    }
    if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
  }
  names.sort { $0.lexicographicallyPrecedes($1) }
  return names.map { bytes in
    let name = FileNameText.text(of: bytes)
    return FolderEntry(name: name, kind: entryKind(path + "/" + name))
  }
}

/// What is at `path`, links followed.
package func entryKind(_ path: String) -> FolderEntry.Kind {
  var status = stat()
  guard unsafe stat(FileNameText.cString(path), &status) == 0 else { return .brokenLink }
  switch status.st_mode & S_IFMT {
  case S_IFDIR:
    return .folder(
      FolderIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino)))
  case S_IFREG: return .file
  default: return .special
  }
}
