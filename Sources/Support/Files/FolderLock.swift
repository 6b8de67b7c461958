import Foundation

/// Keeps a second process out of a folder; the system lets go of it however the process ends.
package final class FolderLock: Sendable {
  private let descriptor: Int32

  /// Locks a folder that exists.
  ///
  /// - Parameter folder: its path.
  /// - Throws: `InputError` when another process holds it.
  package init(_ folder: String) throws {
    let path = folder + "/.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw InputError(path, "cannot be written", errno: errno, endsRun: true)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw InputError(folder, "is in use by another run", "wait for it, or choose another --out")
    }
  }

  /// Lets others in.
  package func release() { close(descriptor) }
}
