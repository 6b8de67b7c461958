import Foundation
import Synchronization

/// Temporary files that killed runs left, which may be as large as what they were writing.
package enum StaleFiles {
  /// What the names of temporary files end in; they begin with a dot and hold the process's number.
  static let ending = ".tmp"

  private static let seen = Mutex<Set<String>>([])

  /// Removes those in `folder` whose writer is gone; of several calls only the first looks.
  package static func removeOnce(in folder: String) {
    guard seen.withLock({ $0.insert(folder).inserted }) else { return }
    remove(in: folder)
  }

  /// Removes those in `folder` and the folders right below it.
  static func removeAll(below folder: String) {
    remove(in: folder)
    let names = (try? FileSystem.names(in: folder)) ?? []
    for name in names where FileSystem.isFolder(folder + "/" + name) {
      remove(in: folder + "/" + name)
    }
  }

  private static func remove(in folder: String) {
    let names = (try? FileSystem.names(in: folder)) ?? []
    for name in names where isTemporary(name) { remove(folder + "/" + name) }
  }

  /// Removes a file unless its writer still holds it, or has only just made it.
  private static func remove(_ path: String) {
    guard let status = FileSystem.status(path), status.st_mode & S_IFMT == S_IFREG,
      isOrphaned(path) || time(nil) - status.st_mtim.tv_sec > 10
    else { return }
    let descriptor = unsafe path.withSystemPath {
      unsafe open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    }
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { AtomicFile.remove(path) }
  }

  private static func isTemporary(_ name: String) -> Bool { writer(of: name) != nil }

  /// Whether this machine has no process of the writer's number.
  private static func isOrphaned(_ path: String) -> Bool {
    writer(of: path.fileName).map { kill($0, 0) != 0 && errno == ESRCH } ?? false
  }

  /// The process in `.model.safetensors.4711-8f00ba12.tmp`; nil of any other name.
  private static func writer(of name: String) -> Int32? {
    guard name.hasPrefix("."), name.hasSuffix(ending) else { return nil }
    let unique = name.dropLast(ending.count).split(separator: ".").last ?? ""
    let parts = unique.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt32(parts[1], radix: 16) != nil else { return nil }
    return Int32(parts[0])
  }
}
