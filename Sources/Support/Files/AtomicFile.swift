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
  /// - Throws: What `body` throws, or `InputError` if the place is unwritable or full.
  package static func write<Result>(
    to path: String, _ body: (inout FileWriter) throws -> Result
  ) throws -> Result {
    let path = try target(of: path)
    if isSpecial(path) { return try writeSpecial(path, body) }
    let folder = path.parentFolder
    if !folder.isEmpty { try createFolder(folder) }
    let temporary = temporaryName(for: path)
    TemporaryFiles.register(temporary)
    defer { TemporaryFiles.unregister(temporary) }
    do {
      var writer = try FileWriter(creating: temporary, for: path)
      let result = try body(&writer)
      try writer.close()
      guard rename(temporary, path) == 0 else {
        throw InputError(path, "cannot be written", errno: errno, endsRun: true)
      }
      synchronizeFolder(folder.isEmpty ? "." : folder)
      return result
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Creates the folder at `path` and those above it; one that exists is fine.
  package static func createFolder(_ path: String) throws {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw InputError(path, "is a file where a folder is needed", "choose another name")
      }
      return
    }
    let parent = path.parentFolder
    if !parent.isEmpty, parent != path { try createFolder(parent) }
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw InputError(path, "the folder cannot be created", errno: errno, endsRun: true)
    }
  }

  /// Where a symbolic link leads, so that the link itself stays; `path` if it is none.
  private static func target(of path: String) throws -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
    if let resolved = realpath(path, nil) {
      defer { free(resolved) }
      return String(cString: resolved)
    }
    throw InputError(path, "is a symbolic link that leads nowhere", "remove the link")
  }

  /// Whether `path` is a device, pipe or the like, which must not be replaced by a file.
  private static func isSpecial(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return status.st_mode & S_IFMT != S_IFREG && status.st_mode & S_IFMT != S_IFDIR
  }

  private static func writeSpecial<Result>(
    _ path: String, _ body: (inout FileWriter) throws -> Result
  ) throws -> Result {
    var writer = try FileWriter(opening: path)
    let result = try body(&writer)
    try writer.close()
    return result
  }

  /// A hidden name beside `path` that no other write of any process uses now.
  private static func temporaryName(for path: String) -> String {
    let folder = path.parentFolder
    let name = path.fileName.prefix(64)
    let unique = "\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    return (folder.isEmpty ? "" : folder + "/") + ".\(name).\(unique).tmp"
  }

  /// Makes a rename inside `folder` durable; file systems that cannot are left alone.
  private static func synchronizeFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
