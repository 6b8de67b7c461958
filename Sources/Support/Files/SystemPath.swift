import Foundation

/// Names as the system has them: bytes, which need not be UTF-8.
///
/// A `String` holds text only. A byte that belongs to no UTF-8 becomes the private code point U+EF00
/// plus the byte, as do the bytes of such a code point itself, and is a byte again where the system
/// is called: such names go through the program and come out as they were.
extension Unicode.Scalar {
  /// The byte that the code point stands for, one that is no ASCII; nil of all others.
  package var systemByte: UInt8? {
    (0xef80...0xefff).contains(value) ? UInt8(truncatingIfNeeded: value) : nil
  }

  fileprivate init(systemByte byte: UInt8) {
    self = Unicode.Scalar(0xef00 + UInt32(byte)) ?? "\u{fffd}"
  }
}

extension String {
  /// The text of a name or argument of the system, without its closing NUL.
  package init(systemBytes bytes: some Collection<UInt8>) {
    self = ""
    var rest = bytes[...]
    while !rest.isEmpty {
      // Up to four bytes make one code point; the shortest prefix that is UTF-8 is it.
      let scalar = (1...4).lazy.compactMap { Self.onlyScalar(of: rest.prefix($0)) }.first
      if let scalar, scalar.systemByte == nil {
        unicodeScalars.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else if let byte = rest.popFirst() {
        unicodeScalars.append(Unicode.Scalar(systemByte: byte))
      }
    }
  }

  private static func onlyScalar(of bytes: some Collection<UInt8>) -> Unicode.Scalar? {
    guard let text = String(validating: bytes, as: UTF8.self)?.unicodeScalars, text.count == 1
    else { return nil }
    return text.first
  }

  /// The text of a NUL-terminated name of the system.
  package init(systemName name: UnsafePointer<CChar>) {
    let bytes = unsafe UnsafeRawBufferPointer(start: name, count: strlen(name))
    self =
      unsafe String(validating: bytes, as: UTF8.self).flatMap { $0.hasSystemBytes ? nil : $0 }
      ?? String(systemBytes: bytes)
  }

  /// Whether a byte that is no UTF-8 is among them.
  var hasSystemBytes: Bool {
    utf8.contains(0xee) && unicodeScalars.contains { $0.systemByte != nil }
  }

  /// The bytes that the system is given, without a closing NUL.
  package var systemBytes: [UInt8] {
    guard hasSystemBytes else { return Array(utf8) }
    return unicodeScalars.flatMap { scalar in
      scalar.systemByte.map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// Calls `body` with the NUL-terminated bytes that the system is given.
  ///
  /// A name with a NUL inside becomes the empty one, which no file has: it must not stand for what
  /// comes before the NUL.
  package func withSystemPath<Result>(
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    let bytes = systemBytes
    let name = (bytes.contains(0) ? [] : bytes).map { CChar(bitPattern: $0) } + [0]
    return try unsafe name.withUnsafeBufferPointer { name in
      var empty: CChar = 0
      return try unsafe name.baseAddress.map(body) ?? body(&empty)
    }
  }
}

/// Questions about files, with names as bytes.
package enum FileSystem {
  /// What lies at `path`, links followed; nil if nothing does or it cannot be seen.
  package static func status(_ path: String) -> stat? {
    var status = stat()
    return unsafe path.withSystemPath { unsafe stat($0, &status) } == 0 ? status : nil
  }

  /// Whether anything lies at `path`.
  package static func exists(_ path: String) -> Bool { status(path) != nil }

  /// Whether a folder lies at `path`.
  package static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

  /// Whether a regular file lies at `path`.
  package static func isFile(_ path: String) -> Bool { kind(path) == S_IFREG }

  private static func kind(_ path: String) -> mode_t? { status(path).map { $0.st_mode & S_IFMT } }

  /// The names in a folder but `.` and `..`, in the order of their bytes.
  /// - Throws: `InputError` if it cannot be read.
  package static func names(in folder: String) throws -> [String] {
    guard let stream = unsafe folder.withSystemPath({ unsafe opendir($0) }) else {
      throw InputError(folder, "cannot be read", errno: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(systemName: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw InputError(folder, "cannot be read", errno: errno) }
    return names.sorted { $0.systemBytes.lexicographicallyPrecedes($1.systemBytes) }
  }

  /// The folder that relative paths start from.
  static var workingFolder: String {
    guard let folder = unsafe getcwd(nil, 0) else { return "." }
    defer { unsafe free(folder) }
    return unsafe String(systemName: folder)
  }

  /// The file of the program.
  package static var executable: String {
    guard let path = unsafe realpath("/proc/self/exe", nil) else {
      return Environment.arguments.first ?? ""
    }
    defer { unsafe free(path) }
    return unsafe String(systemName: path)
  }

  /// Removes a folder with everything below it; links are removed, not followed.
  /// - Throws: `InputError` if something cannot be removed.
  package static func removeFolder(_ path: String) throws {
    for name in try names(in: path) {
      let inside = path + "/" + name
      if isLink(inside) || !isFolder(inside) {
        AtomicFile.remove(inside)
      } else {
        try removeFolder(inside)
      }
    }
    guard unsafe path.withSystemPath({ unsafe rmdir($0) }) == 0 else {
      throw InputError(path, "cannot be removed", errno: errno)
    }
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return unsafe path.withSystemPath { unsafe lstat($0, &status) } == 0
      && status.st_mode & S_IFMT == S_IFLNK
  }

  /// What is in the way of writing a file at `path`: a folder, pipe or device; nil if nothing is.
  package static func obstacle(at path: String) -> InputError? {
    guard let kind = kind(path), kind != S_IFREG else { return nil }
    return InputError(
      path, "is \(words(kind)), not a file that can be replaced", "choose another name"
    ).endingRun()
  }

  /// A kind of file in words.
  package static func words(_ kind: mode_t) -> String {
    switch kind {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }
}
