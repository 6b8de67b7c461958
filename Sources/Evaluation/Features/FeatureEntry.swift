import Foundation
import Support

/// An entry of the feature cache: one kind of feature of one split, computed by one encoder.
///
/// The file is a header of whole pages (a line with the format's name and the header's length, then
/// JSON with the key, padded with spaces), the features, and the SHA-256 of all that in 64
/// hexadecimal digits. Features start on a page, so they are used where they are mapped.
struct FeatureEntry {
  /// Everything that the features depend on.
  let key: JSON
  let feature: ResolvedFeature
  /// Number of images.
  let count: Int

  private static let format = "unmask.features/1"
  private static let page = 4096
  private static let digestLength = 64

  /// The name of the file, a hash of the key.
  var fileName: String { SHA256.hex(of: key.text(pretty: false)) + ".features" }

  private var description: JSON {
    [
      "key": key, "images": .integer(count), "tokens": .integer(feature.tokens),
      "width": .integer(feature.width), "type": feature.isHalf ? "float16" : "float32",
    ]
  }

  /// The bytes before the features.
  private var header: Data {
    let text = description.text(pretty: false)
    // 40 bytes hold the first line and the last newline.
    let length = (text.utf8.count + 40 + Self.page - 1) / Self.page * Self.page
    var data = Data("\(Self.format) \(length)\n\(text)".utf8)
    data.append(Data(repeating: 0x20, count: length - data.count - 1))
    data.append(0x0A)
    return data
  }

  /// Appends the features to a file and hashes them on the way.
  @safe final class Writer {
    private let file: UnsafeMutablePointer<FileWriter>
    private var hash = SHA256()

    /// Writes the header of `entry`; the file must outlive the writer.
    init(_ entry: FeatureEntry, to file: UnsafeMutablePointer<FileWriter>) throws {
      unsafe self.file = unsafe file
      try write(entry.header)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
      unsafe hash.update(bytes)
      try unsafe file.pointee.write(bytes)
    }

    private func write(_ data: Data) throws {
      try unsafe data.withUnsafeBytes { try unsafe write($0) }
    }

    /// Writes the hash; nothing may follow.
    func finish() throws { try unsafe file.pointee.write(hash.hex()) }
  }

  /// Maps and verifies the entry in a file.
  ///
  /// - Parameter path: the file.
  /// - Returns: the features; nil when the file is not whole, or not this entry.
  func open(_ path: String) -> FeatureSet? {
    guard let file = try? MappedFile(path), let base = unsafe file.bytes.baseAddress else {
      return nil
    }
    let header = header
    let content = header.count + count * feature.bytesPerImage
    guard file.count == content + Self.digestLength,
      unsafe header.elementsEqual(file.bytes.prefix(header.count))
    else { return nil }
    var hash = SHA256()
    unsafe hash.update(UnsafeRawBufferPointer(rebasing: file.bytes.prefix(content)))
    guard unsafe file.bytes[content...].elementsEqual(hash.hex().utf8) else { return nil }
    return unsafe FeatureSet(feature, count: count, file: file, start: base + header.count)
  }
}
