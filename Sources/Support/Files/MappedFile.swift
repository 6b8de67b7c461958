import CSystem
import Foundation
import Synchronization

/// A file in memory, read-only: small ones as a copy, large ones paged in on demand.
///
/// A large file that shrinks while it is mapped ends the process with one line (see `CSystem`); one
/// whose content is changed in place is found by ``checkAllUnchanged()``.
/// Nobody writes to it once it is made.
@safe package final class MappedFile: @unchecked Sendable {
  /// The path it was opened by.
  package let path: String
  /// The content; valid as long as the object lives.
  package let bytes: UnsafeRawBufferPointer
  /// The descriptor of a mapped file; -1 of one that was copied.
  private let descriptor: Int32
  private let watch: Int32

  /// Bytes in the file.
  package var count: Int { unsafe bytes.count }

  /// Up to here a file is copied: it is stable then, and needs no page of its own.
  private static let copied = 1 << 20

  /// Opens the file at `path`.
  /// - Throws: `InputError` if it is absent, unreadable, no regular file, or changes at this moment.
  package init(_ path: String) throws {
    self.path = path
    let descriptor = try openForReading(path)
    let version: FileVersion
    do {
      version = try FileVersion(descriptor, path)
      let isCopied = version.size <= Self.copied
      unsafe bytes =
        unsafe isCopied
        ? try Self.copy(descriptor, version, path) : try Self.map(descriptor, version, path)
      if isCopied { close(descriptor) }
      self.descriptor = isCopied ? -1 : descriptor
    } catch {
      close(descriptor)
      throw error
    }
    let isMapped = self.descriptor >= 0
    watch = unsafe isMapped ? cs_map_watch(bytes.baseAddress, bytes.count, Visible.line(path)) : -1
    let kept = self.descriptor
    let id = ObjectIdentifier(self)
    Self.open.withLock { $0[id] = OpenFile(path: path, descriptor: kept, version: version) }
  }

  deinit {
    Self.open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(self)) }
    guard let address = unsafe bytes.baseAddress else { return }
    guard descriptor >= 0 else { return unsafe bytes.deallocate() }
    cs_map_forget(watch)
    unsafe munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    close(descriptor)
  }

  private static func copy(
    _ descriptor: Int32, _ version: FileVersion, _ path: String
  ) throws -> UnsafeRawBufferPointer {
    guard version.size > 0 else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: version.size, alignment: 4096)
    do {
      let count = try unsafe readAll(descriptor, into: memory, path)
      guard count == version.size, try FileVersion(descriptor, path) == version else {
        throw InputError.changed(path)
      }
    } catch {
      unsafe memory.deallocate()
      throw error
    }
    return UnsafeRawBufferPointer(memory)
  }

  private static func map(
    _ descriptor: Int32, _ version: FileVersion, _ path: String
  ) throws -> UnsafeRawBufferPointer {
    let address = unsafe mmap(nil, version.size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw InputError(path, "cannot be read", errno: errno)
    }
    return unsafe UnsafeRawBufferPointer(start: address, count: version.size)
  }

  /// A copy of the content.
  ///
  /// `Data(file.bytes)` alone may unmap the file before it is copied: `bytes` does not keep it alive.
  package var data: Data { withExtendedLifetime(self) { unsafe Data(bytes) } }

  /// Tells the system whether reads jump about or run from beginning to end.
  package func advise(isSequential: Bool) {
    unsafe advise(bytes.startIndex..<bytes.endIndex, isSequential ? MADV_SEQUENTIAL : MADV_RANDOM)
  }

  /// Says that the bytes in `range` are not needed soon; they are read from the file again when
  /// they are.
  package func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED) }

  private func advise(_ range: Range<Int>, _ advice: some BinaryInteger) {
    // A copy must not be dropped.
    guard descriptor >= 0, let base = unsafe bytes.baseAddress else { return }
    let page = sysconf(Int32(_SC_PAGESIZE))
    let first = (range.lowerBound + page - 1) / page * page
    let last = range.upperBound == count ? count : range.upperBound / page * page
    guard first < last else { return }
    unsafe madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, Int32(advice))
  }
}

extension MappedFile {
  /// A file that some object holds.
  private struct OpenFile {
    let path: String
    let descriptor: Int32
    let version: FileVersion

    /// Whether the content is still the one that was opened.
    var isUnchanged: Bool {
      if descriptor >= 0 { return (try? FileVersion(descriptor, path)) == version }
      guard let status = FileSystem.status(path) else { return true }
      // Another file of the same name does not matter to a copy.
      return status.st_ino != version.inode || FileVersion(status) == version
    }
  }

  private static let open = Mutex<[ObjectIdentifier: OpenFile]>([:])

  /// Refuses to go on when the content of a file that is open now was changed since.
  ///
  /// Call it before a result is filed under the fingerprint of what it was computed from.
  /// - Throws: `InputError` that names the file and ends the run.
  package static func checkAllUnchanged() throws {
    let files = open.withLock { Array($0.values) }
    for file in files where !file.isUnchanged { throw InputError.changed(file.path).endingRun() }
  }
}

/// What tells one state of a file from another.
struct FileVersion: Equatable {
  let size: Int
  let inode: UInt
  private let seconds: Int
  private let nanoseconds: Int

  init(_ status: stat) {
    size = status.st_size
    inode = status.st_ino
    (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
  }

  init(_ descriptor: Int32, _ path: String) throws {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw InputError(path, "cannot be read", errno: errno)
    }
    self.init(status)
  }
}

extension InputError {
  static func changed(_ path: String) -> InputError {
    InputError(path, "was changed while it was read", "leave it alone and run again")
  }
}

/// Opens a regular file; a pipe without a writer does not hang, a device is not touched.
func openForReading(_ path: String) throws -> Int32 {
  let descriptor = unsafe path.withSystemPath { unsafe open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
  guard descriptor >= 0 else { throw InputError(path, "cannot be read", errno: errno) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    close(descriptor)
    let kind = status.st_mode & S_IFMT
    throw InputError(
      path, "is \(FileSystem.words(kind)), not a file to read",
      kind == S_IFDIR ? "" : "write it to a file first")
  }
  return descriptor
}

/// Reads until `memory` is full or the file ends.
func readAll(
  _ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer, _ path: String
) throws -> Int {
  var count = 0
  while count < memory.count, let base = memory.baseAddress {
    let part = unsafe read(descriptor, base + count, memory.count - count)
    if part < 0, errno == EINTR { continue }
    guard part >= 0 else { throw InputError(path, "cannot be read", errno: errno) }
    guard part > 0 else { break }
    count += part
  }
  return count
}
