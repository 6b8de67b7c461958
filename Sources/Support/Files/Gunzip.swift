import CZlib
import Foundation

/// The content of a gzip file (RFC 1952), also of several members in a row.
/// - Parameters:
///   - data: The compressed bytes.
///   - limit: The most bytes that the content may have; a bomb is refused before it is unpacked.
///   - subject: What the bytes are, for messages.
/// - Returns: The content.
/// - Throws: `InputError` if the data is damaged, ends early, or unpacks to more than `limit`.
package func gunzip(_ data: Data, limit: Int, subject: String) throws -> Data {
  guard data.count < Int(UInt32.max) else { throw InputError(subject, "is larger than 4 GiB") }
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
    throw InputError(subject, "cannot be unpacked: out of memory")
  }
  defer { inflateEnd(&stream) }
  return try data.withUnsafeBytes { source in
    // zlib does not write to its input; its interface is older than `const`.
    stream.next_in = UnsafeMutablePointer(
      mutating: source.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(source.count)
    return try inflateMembers(&stream, limit: limit, subject: subject)
  }
}

/// Unpacks members until the input ends.
private func inflateMembers(
  _ stream: inout z_stream, limit: Int, subject: String
) throws -> Data {
  var content = Data()
  var chunk = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let (status, count) = chunk.withUnsafeMutableBufferPointer { chunk in
      stream.next_out = chunk.baseAddress
      stream.avail_out = UInt32(chunk.count)
      let status = inflate(&stream, Z_NO_FLUSH)
      return (status, chunk.count - Int(stream.avail_out))
    }
    guard content.count + count <= limit else {
      throw InputError(subject, "unpacks to more than \(limit) bytes")
    }
    content.append(contentsOf: chunk[..<count])
    switch status {
    case Z_STREAM_END where stream.avail_in == 0: return content
    case Z_STREAM_END: inflateReset(&stream)
    case Z_OK: continue
    case Z_BUF_ERROR:
      throw InputError(subject, "the compressed data ends early", "fetch the file again")
    default:
      throw InputError(subject, "is no valid gzip data", "fetch the file again")
    }
  }
}
