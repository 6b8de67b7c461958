import Foundation

/// A file system in memory of a given size, to see what happens when a disk is full.
///
/// Needs the right to mount (root outside a restricted container).
package final class TinyDisk {
  /// Where it is mounted.
  package let path: String
  private let folder = TemporaryFolder()

  /// Mounts a disk of `bytes`; nil where that is not allowed.
  package init?(bytes: Int) {
    path = folder.path
    guard geteuid() == 0,
      Self.call(["mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", folder.path])
    else { return nil }
  }

  deinit { _ = Self.call(["umount", "-l", path]) }

  /// Whether this machine lets a test mount one.
  package static let isAvailable = TinyDisk(bytes: 1 << 16) != nil

  private static func call(_ words: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
