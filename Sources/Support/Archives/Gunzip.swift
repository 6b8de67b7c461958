import Foundation

/// The content of a gzip file (RFC 1952), also of several members in a row.
/// - Parameters:
///   - data: The compressed bytes.
///   - limit: The most bytes that the content may have; a bomb is refused before it is unpacked.
///   - subject: What the bytes are, for messages.
/// - Returns: The content.
/// - Throws: `InputError` if the data is damaged, ends early, or unpacks to more than `limit`.
package func gunzip(_ data: Data, limit: Int, subject: String) throws -> Data {
  try unsafe data.withUnsafeBytes { source in
    var inflater = try unsafe Inflater(source, .gzip, subject: subject)
    var content = Data()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { unsafe chunk.deallocate() }
    while !inflater.isAtEnd {
      let count = try unsafe inflater.fill(chunk)
      guard content.count + count <= limit else {
        throw InputError(subject, "unpacks to more than \(limit) bytes")
      }
      unsafe content.append(contentsOf: chunk[..<count])
    }
    return content
  }
}

/// The beginning of a gzip file's content; see `gunzip`.
/// - Parameters:
///   - data: The compressed bytes; of what follows the beginning, nothing is looked at.
///   - count: How many bytes are wanted, at least one; there may be fewer.
///   - subject: What the bytes are, for messages.
/// - Returns: The beginning.
/// - Throws: `InputError` if the data is damaged or ends early.
package func gunzipPrefix(_ data: Data, count: Int, subject: String) throws -> [UInt8] {
  try unsafe data.withUnsafeBytes { source in
    var inflater = try unsafe Inflater(source, .gzip, subject: subject)
    return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try unsafe inflater.fill(UnsafeMutableRawBufferPointer(buffer))
    }
  }
}
