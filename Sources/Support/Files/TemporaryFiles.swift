import Foundation
import Synchronization

/// The temporary files that exist now, so that an interrupted run can remove them.
package enum TemporaryFiles {
  private static let paths = Mutex<Set<String>>([])

  /// Notes that `path` is temporary.
  package static func register(_ path: String) {
    paths.withLock { _ = $0.insert(absolute(path)) }
  }

  /// Notes that `path` is gone or has its final name.
  package static func unregister(_ path: String) {
    paths.withLock { _ = $0.remove(absolute(path)) }
  }

  /// Removes all registered files and calls `then`; no file can be registered or renamed meanwhile.
  static func removeAll(then: () -> Void) {
    paths.withLock { paths in
      for path in paths { unlink(path) }
      paths = []
      then()
    }
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
