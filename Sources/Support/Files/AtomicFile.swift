import Foundation

/// Files that are whole or absent: written under a temporary name, synced, renamed.
package enum AtomicFile {
  /// Writes `data` to `path`, replacing what was there; missing folders are created.
  /// - Throws: `InputError` if the place is unwritable or full; nothing is left behind then.
  package static func write(_ data: Data, to path: String) throws {
    try write(to: path) { try $0.write(data) }
  }

  /// Writes `text` in UTF-8 to `path`, replacing what was there.
  package static func write(_ text: String, to path: String) throws {
    try write(Data(text.utf8), to: path)
  }

  /// Writes a file piece by piece; it appears at `path` when `body` has returned.
  /// - Parameters:
  ///   - path: The file to replace; missing folders are created.
  ///   - body: Writes the content in order.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, or `InputError` if the place is unwritable, full, or taken by a
  ///   folder, pipe or device; the last before `body` is called.
  package static func write<Result>(
    to path: String, _ body: (inout FileWriter) throws -> Result
  ) throws -> Result {
    let path = try target(of: path)
    if let obstacle = FileSystem.obstacle(at: path) { throw obstacle }
    let folder = path.parentFolder
    if !folder.isEmpty { try createFolder(folder) }
    StaleFiles.removeOnce(in: folder.isEmpty ? "." : folder)
    let temporary = temporaryName(for: path)
    TemporaryFiles.register(temporary)
    defer { TemporaryFiles.unregister(temporary) }
    do {
      var writer = try FileWriter(creating: temporary, for: path)
      let result = try body(&writer)
      try writer.synchronize()
      try move(temporary, to: path)
      try writer.close()
      synchronizeFolder(folder.isEmpty ? "." : folder)
      return result
    } catch {
      remove(temporary)
      throw error
    }
  }

  /// Removes the file at `path`, if there is one.
  package static func remove(_ path: String) {
    _ = unsafe path.withSystemPath { unsafe unlink($0) }
  }

  /// Creates the folder at `path` and those above it; one that exists is fine.
  package static func createFolder(_ path: String) throws {
    if let status = FileSystem.status(path) {
      let kind = status.st_mode & S_IFMT
      guard kind == S_IFDIR else {
        let found = kind == S_IFREG ? "a file" : FileSystem.words(kind)
        throw InputError(path, "is \(found) where a folder is needed", "choose another name")
      }
      return
    }
    let parent = path.parentFolder
    if !parent.isEmpty, parent != path { try createFolder(parent) }
    guard unsafe path.withSystemPath({ unsafe mkdir($0, 0o777) }) == 0 || errno == EEXIST else {
      throw InputError(path, "the folder cannot be created", errno: errno, endsRun: true)
    }
  }

  private static func move(_ temporary: String, to path: String) throws {
    let status = unsafe temporary.withSystemPath { from in
      unsafe path.withSystemPath { unsafe rename(from, $0) }
    }
    guard status == 0 else {
      throw InputError(path, "cannot be written", errno: errno, endsRun: true)
    }
  }

  /// Where a symbolic link leads, so that the link itself stays; `path` if it is none.
  private static func target(of path: String) throws -> String {
    var status = stat()
    guard unsafe path.withSystemPath({ unsafe lstat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFLNK
    else { return path }
    if let resolved = unsafe path.withSystemPath({ unsafe realpath($0, nil) }) {
      defer { unsafe free(resolved) }
      return unsafe String(systemName: resolved)
    }
    throw InputError(path, "is a symbolic link that leads nowhere", "remove the link")
  }

  /// A hidden name beside `path` that no other write of any process uses now.
  private static func temporaryName(for path: String) -> String {
    let folder = path.parentFolder
    let unique = "\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    let name = ".\(path.fileName.prefix(64)).\(unique)" + StaleFiles.ending
    return (folder.isEmpty ? "" : folder + "/") + name
  }

  /// Makes a rename inside `folder` durable; file systems that cannot are left alone.
  private static func synchronizeFolder(_ folder: String) {
    let descriptor = unsafe folder.withSystemPath {
      unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
