import Foundation

/// A file in memory, read-only, paged in on demand.
package final class MappedFile: @unchecked Sendable {
  /// The path it was opened by.
  package let path: String
  /// The content; valid as long as the object lives.
  package let bytes: UnsafeRawBufferPointer

  /// Bytes in the file.
  package var count: Int { bytes.count }

  /// Maps the file at `path`.
  /// - Throws: `InputError` if it is absent, unreadable or no regular file.
  package init(_ path: String) throws {
    self.path = path
    let shown = FileNameText.visible(path)
    // O_NONBLOCK, so that a pipe without a writer does not hang.
    let descriptor = open(FileNameText.cString(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw InputError(shown, "cannot be read", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw InputError(shown, "cannot be read", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw InputError(
        shown, "is \(isFolder ? "a folder" : "a device or pipe"), not a file to read",
        isFolder ? "" : "write it to a file first")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw InputError(path, "cannot be read", errno: errno)
    }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  /// A copy of the content.
  ///
  /// `Data(file.bytes)` alone may unmap the file before it is copied: `bytes` does not keep it alive.
  package var data: Data { withExtendedLifetime(self) { Data(bytes) } }

  deinit {
    guard let address = bytes.baseAddress else { return }
    munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
  }

  /// Tells the system whether reads jump about or run from beginning to end.
  package func advise(isSequential: Bool) {
    guard let address = bytes.baseAddress else { return }
    let advice = isSequential ? MADV_SEQUENTIAL : MADV_RANDOM
    madvise(UnsafeMutableRawPointer(mutating: address), bytes.count, Int32(advice))
  }
}
