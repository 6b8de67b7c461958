import Foundation

/// A folder that lives as long as the value and is removed afterwards.
package final class TemporaryFolder: Sendable {
  /// Absolute path, without a trailing slash.
  package let path: String

  /// Creates an empty folder under the system's temporary directory.
  package init() {
    path = NSTemporaryDirectory() + "unmask-test-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` inside the folder.
  package func file(_ name: String) -> String { path + "/" + name }
}

/// The real data sets that this machine has.
package enum RealData {
  /// The folder of data set `id`: below `UNMASK_DATA`, or `../shared/data` beside the package; nil when absent.
  package static func folder(_ id: String) -> String? {
    let roots = [
      ProcessInfo.processInfo.environment["UNMASK_DATA"],
      packageFolder + "/../shared/data",
    ]
    return roots.compactMap { $0.map { $0 + "/" + id } }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Whether data set `id` can be read.
  package static func has(_ id: String) -> Bool { folder(id) != nil }
}

/// The root of the package's source tree.
package let packageFolder: String = {
  var url = URL(fileURLWithPath: #filePath)
  for _ in 0..<3 { url.deleteLastPathComponent() }
  return url.path
}()
