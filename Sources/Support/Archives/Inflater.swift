import CZlib

/// zlib's decompressor over bytes in memory; the only one here.
@safe struct Inflater: ~Copyable {
  /// What is around the deflated data.
  enum Wrapping: Int32 {
    /// Nothing, as in zip files.
    case raw = -15
    /// gzip's header and checksum (RFC 1952); several members may follow one another.
    case gzip = 31
  }

  /// zlib remembers where it is, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let source: UnsafeRawBufferPointer
  private let wrapping: Wrapping
  /// What the bytes are, for messages.
  private let subject: String
  /// How much of the source zlib was given.
  private var given = 0
  /// Whether all of the content was written.
  private(set) var isAtEnd = false

  /// The most bytes that zlib counts at once.
  private static let greatest = 1 << 30

  /// A decompressor of `source`, which must outlive it.
  /// - Throws: `InputError` when there is no memory.
  init(
    _ source: UnsafeRawBufferPointer, _ wrapping: Wrapping, subject: String
  ) throws {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(stream, wrapping.rawValue, ZLIB_VERSION, size) == Z_OK else {
      unsafe stream.deallocate()
      throw InputError(subject, "cannot be unpacked: out of memory")
    }
    unsafe self.stream = unsafe stream
    unsafe self.source = unsafe source
    self.wrapping = wrapping
    self.subject = subject
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Writes what comes next.
  ///
  /// - Parameter target: at least one byte.
  /// - Returns: how many bytes were written; fewer than there is room for only at the end.
  /// - Throws: `InputError` if the data is damaged or ends early.
  mutating func fill(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
    var written = 0
    while !isAtEnd {
      offerInput()
      let room = min(target.count - written, Self.greatest)
      unsafe stream.pointee.next_out = unsafe target.baseAddress?.advanced(by: written)
        .assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = UInt32(room)
      let status = unsafe inflate(stream, Z_NO_FLUSH)
      unsafe written += room - Int(stream.pointee.avail_out)
      switch status {
      case Z_OK: continue
      case Z_STREAM_END: try endMember()
      // Nothing could be done: for want of room, or of data.
      case Z_BUF_ERROR where written == target.count: return written
      case Z_BUF_ERROR:
        throw failure("ends early")
      default:
        throw failure("is damaged")
      }
    }
    return written
  }

  private func failure(_ problem: String) -> InputError {
    InputError(subject, "does not unpack: the compressed data \(problem)", "fetch the file again")
  }

  private mutating func offerInput() {
    guard unsafe stream.pointee.avail_in == 0, unsafe given < source.count else { return }
    let count = unsafe min(source.count - given, Self.greatest)
    // zlib does not write to its input; its interface is older than `const`.
    unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
      mutating: source.baseAddress?.advanced(by: given).assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(count)
    given += count
  }

  private mutating func endMember() throws {
    isAtEnd = unsafe wrapping == .raw || stream.pointee.avail_in == 0 && given == source.count
    if !isAtEnd { unsafe inflateReset(stream) }
  }
}
