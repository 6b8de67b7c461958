import Foundation

/// The header of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
package struct NumPyHeader {
  /// The most bytes that a header takes.
  package static let longest = 12 + (1 << 16)
  package static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  package let type: NumPyType
  package let shape: [Int]
  package let isColumnMajor: Bool
  /// Where the elements begin.
  package let start: Int

  /// Reads the header at the beginning of `bytes`; nil for an array that holds no numbers.
  /// - Throws: `InputError` if it is damaged.
  package init?(_ bytes: UnsafeRawBufferPointer, subject: String) throws {
    let damaged = InputError(subject, "has a damaged NumPy header", "fetch the file again")
    guard bytes.count >= 12, bytes.starts(with: Self.signature) else { throw damaged }
    let isShort = bytes[6] == 1
    let text = isShort ? 10 : 12
    let length = isShort ? Int(loadHalf(bytes, 8)) : Int(loadWord(bytes, 8))
    guard (1...3).contains(bytes[6]), length <= 1 << 16, length <= bytes.count - text,
      let header = String(validating: bytes[text..<text + length], as: UTF8.self)
    else { throw damaged }
    start = text + length
    let dictionary = try NumPyDictionary(header, subject: subject)
    guard let descriptor = dictionary.descriptor, let type = NumPyType(descriptor) else {
      return nil
    }
    self.type = type
    shape = dictionary.shape
    isColumnMajor = dictionary.isFortranOrder
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
