import Foundation

/// Writes a new file from beginning to end; the body of ``AtomicFile/write(to:_:)`` gets one.
package struct FileWriter: ~Copyable {
  private var descriptor: Int32
  private let name: String
  /// Bytes written so far.
  package private(set) var count = 0

  /// Creates `path`, which must not exist; messages speak of `name`.
  init(creating path: String, for name: String) throws {
    self.name = name
    descriptor = unsafe path.withSystemPath {
      unsafe open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else {
      throw InputError(name, "cannot be written", errno: errno, endsRun: true)
    }
    // Held as long as the file is open: whoever can have the lock sees that its writer was killed.
    flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit { if descriptor >= 0 { Foundation.close(descriptor) } }

  /// Appends `bytes`.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    try unsafe writeAll(bytes, to: descriptor, name: name)
    count += bytes.count
  }

  /// Appends `data`.
  package mutating func write(_ data: Data) throws {
    try unsafe data.withUnsafeBytes { try unsafe writeAll($0, to: descriptor, name: name) }
    count += data.count
  }

  /// Appends `text` in UTF-8.
  package mutating func write(_ text: String) throws { try write(Data(text.utf8)) }

  /// Brings the content to the disk.
  func synchronize() throws {
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw InputError(name, "cannot be written", errno: errno, endsRun: true)
    }
  }

  /// Closes the file.
  mutating func close() throws {
    let status = Foundation.close(descriptor)
    descriptor = -1
    guard status == 0 else {
      throw InputError(name, "cannot be written", errno: errno, endsRun: true)
    }
  }
}

/// Writes all of `bytes` to `descriptor`, however often the system takes only a part.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, name: String) throws {
  var rest = unsafe bytes[...]
  while unsafe !rest.isEmpty {
    // The kernel takes at most about 2 GiB at once.
    let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
    let written = unsafe write(descriptor, part.baseAddress, part.count)
    if written < 0 {
      if errno == EINTR { continue }
      throw InputError(name, "cannot be written", errno: errno, endsRun: true)
    }
    unsafe rest = unsafe rest.dropFirst(written)
  }
}
