import CSystem
import Synchronization

/// The temporary files that exist now, so that a run that is interrupted or fails can remove them.
package enum TemporaryFiles {
  /// The place of each path among those that `CSystem` removes.
  private static let places = Mutex<[String: Int32]>([:])

  /// Notes that `path` is temporary.
  package static func register(_ path: String) {
    let path = path.absolutePath
    places.withLock { $0[path] = unsafe path.withSystemPath { unsafe cs_temporary_note($0) } }
  }

  /// Notes that `path` is gone or has its final name.
  package static func unregister(_ path: String) {
    let path = path.absolutePath
    places.withLock { places in
      if let place = places.removeValue(forKey: path) { cs_temporary_forget(place) }
    }
  }

  /// Removes all registered files and calls `then`; no file can be registered or renamed meanwhile.
  static func removeAll(then: () -> Void) {
    places.withLock { places in
      for path in places.keys { AtomicFile.remove(path) }
      places = [:]
      then()
    }
  }
}
