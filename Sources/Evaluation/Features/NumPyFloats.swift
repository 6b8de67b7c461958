import Foundation
import Support

/// A `.npy` file of 32-bit floats, mapped into memory.
package struct NumPyFloats: Sendable {
  /// Where it was read from.
  package let path: String
  /// The extents, outermost first.
  package let shape: [Int]
  private let file: MappedFile
  private let start: Int

  /// Maps the file at `path`.
  /// - Throws: `InputError` when it is no such file, or its length is not what the header claims.
  package init(_ path: String) throws {
    self.path = path
    file = try MappedFile(path)
    let bytes = file.bytes
    guard bytes.count >= 12, bytes.prefix(6).elementsEqual([0x93] + Array("NUMPY".utf8)),
      (1...3).contains(bytes[6])
    else { throw InputError(path, "is no .npy file", "save the array with numpy.save") }
    let prefix = bytes[6] == 1 ? 10 : 12
    let length = bytes[8..<prefix].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= 1 << 16, prefix + length <= bytes.count else {
      throw InputError(
        path, "the header claims \(length) bytes of \(bytes.count)", "fetch the file again")
    }
    start = prefix + length
    shape = try Self.shape(
      String(decoding: bytes[prefix..<start], as: UTF8.self), path: path)
    var size = 4
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      size = overflow ? .max : product
    }
    guard bytes.count - start == size else {
      throw InputError(
        path, "holds \(bytes.count - start) bytes, \(shape) floats need another number",
        "fetch the file again")
    }
  }

  /// Copies `count` elements from number `first` on.
  func copy(_ first: Int, count: Int, to target: UnsafeMutablePointer<Float>) {
    let source = UnsafeRawBufferPointer(
      rebasing: file.bytes[start + 4 * first..<start + 4 * (first + count)])
    UnsafeMutableRawBufferPointer(start: target, count: 4 * count).copyMemory(from: source)
  }

  /// The bytes before the elements of a file of that shape.
  static func header(shape: [Int]) -> Data {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    text += String(repeating: " ", count: (64 - (11 + text.utf8.count) % 64) % 64) + "\n"
    let length = text.utf8.count
    return Data(
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
        + Array(text.utf8))
  }

  private static func shape(_ header: String, path: String) throws -> [Int] {
    let pattern =
      /\s*\{\s*'descr':\s*'<f4',\s*'fortran_order':\s*False,\s*'shape':\s*\((?<extents>[0-9, ]*)\),?\s*\}\s*/
    guard let match = header.wholeMatch(of: pattern) else {
      throw InputError(
        path, "is no array of 32-bit floats in row-major order",
        "save it with numpy.save(file, a.astype('float32'))")
    }
    let words = match.extents.split(whereSeparator: { $0 == "," || $0 == " " })
    return try words.map { word in
      guard let extent = Int(word) else {
        throw InputError(path, "has an extent \(word)", "fetch the file again")
      }
      return extent
    }
  }
}
