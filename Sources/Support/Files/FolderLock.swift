import Foundation

/// Keeps a second run out of a folder; the system lets go of it however the process ends.
package enum FolderLock {
  /// Calls `body` while nobody else can hold the folder, which is created if need be.
  ///
  /// Temporary files that killed runs left in it are removed; a new folder that stays empty, too. On a file system that knows no locks
  /// the run goes on without, and says so.
  /// - Parameters:
  ///   - folder: its path.
  ///   - body: what is done meanwhile.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws; `InputError` when another run holds the folder, or it cannot be
  ///   written.
  package static func holding<Result>(
    _ folder: String, _ body: () throws -> Result
  ) throws -> Result {
    let isNew = !FileSystem.exists(folder)
    let descriptor = try lock(folder)
    defer {
      if isNew { removeIfUnused(folder) }
      close(descriptor)
    }
    return try body()
  }

  /// Removes a folder into which nothing was written; while the lock is held, nobody else writes.
  private static func removeIfUnused(_ folder: String) {
    guard (try? FileSystem.names(in: folder)) == [".lock"] else { return }
    _ = unsafe (folder + "/.lock").withSystemPath { unsafe unlink($0) }
    _ = unsafe folder.withSystemPath { unsafe rmdir($0) }
  }

  private static func lock(_ folder: String) throws -> Int32 {
    try AtomicFile.createFolder(folder)
    let path = folder + "/.lock"
    if let obstacle = FileSystem.obstacle(at: path) { throw obstacle }
    let descriptor = unsafe path.withSystemPath {
      unsafe open($0, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666)
    }
    guard descriptor >= 0 else {
      throw InputError(path, "cannot be written", errno: errno, endsRun: true)
    }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
      StaleFiles.removeAll(below: folder)
    } else if errno == EWOULDBLOCK {
      close(descriptor)
      throw InputError(folder, "is in use by another run", "wait for it, or choose another --out")
        .endingRun()
    } else {
      Log.note("\(folder): cannot be locked here; let no second run write into it")
    }
    return descriptor
  }
}
