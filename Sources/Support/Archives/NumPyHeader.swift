import Foundation

/// The header of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
package struct NumPyHeader {
  /// The most bytes that a header takes.
  package static let longest = 12 + (1 << 16)
  package static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  package let type: NumPyType
  /// The type as written: `<f4`.
  package let code: String
  package let shape: [Int]
  package let isColumnMajor: Bool
  /// Where the elements begin.
  package let start: Int

  /// Reads the header at the beginning of `bytes`; nil for an array that holds no numbers.
  ///
  /// As strict as NumPy: the three keys and no others, each once, in a Python literal.
  /// - Throws: `InputError` if it is anything else.
  package init?(_ bytes: UnsafeRawBufferPointer, subject: String) throws {
    func damaged(_ why: String) -> InputError {
      InputError(subject, "has a damaged NumPy header: \(why)", "save it with numpy.save")
    }
    guard bytes.count >= 12, bytes.starts(with: Self.signature) else {
      throw InputError(subject, "is no .npy file", "save the array with numpy.save")
    }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw damaged("version \(bytes[6]).\(bytes[7]), known are 1.0 to 3.0")
    }
    let text = bytes[6] == 1 ? 10 : 12
    let length = bytes[6] == 1 ? Int(loadHalf(bytes, 8)) : Int(loadWord(bytes, 8))
    guard length <= 1 << 16, length <= bytes.count - text else {
      throw damaged("it claims \(length) bytes of \(bytes.count)")
    }
    guard let literal = NumPyLiteral(bytes[text..<text + length]) else {
      throw damaged("not the description of one array")
    }
    start = text + length
    code = literal.descriptor ?? "a structure"
    shape = literal.shape
    isColumnMajor = literal.isFortranOrder
    guard let type = literal.descriptor.flatMap({ NumPyType($0) }) else { return nil }
    self.type = type
  }

  /// The type that a header names, also where it is none of numbers; for messages.
  package static func code(_ bytes: UnsafeRawBufferPointer) -> String {
    let text = bytes.count > 12 && bytes[6] == 1 ? 10 : 12
    let end = bytes.dropFirst(text).firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    guard text <= end, let literal = NumPyLiteral(bytes[text..<end]) else { return "unknown" }
    return literal.descriptor ?? "structure"
  }

  /// The array, whose elements follow the header in `storage`.
  package func tensor(in storage: any ByteStorage, subject: String) throws -> StoredTensor {
    guard let count = elementCount(shape), count * type.stored.width <= storage.count - start else {
      throw InputError(
        subject, "ends before its \(shape) elements", "the download is incomplete; fetch it again")
    }
    return try StoredTensor(
      type.stored, shape: shape, strides: isColumnMajor ? columnMajorStrides(shape) : nil,
      isBigEndian: type.isBigEndian,
      storage: SlicedStorage(base: storage, range: start..<start + count * type.stored.width),
      subject: subject)
  }
}

/// A range of another storage.
struct SlicedStorage: ByteStorage {
  let base: any ByteStorage
  let range: Range<Int>

  var count: Int { range.count }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try base.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  func release(_ part: Range<Int>) {
    base.release(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
  }
}
