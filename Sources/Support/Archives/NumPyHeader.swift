import Foundation

/// The header of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
package struct NumPyHeader {
  /// The most bytes that a header takes.
  package static let longest = 12 + (1 << 16)
  package static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// What an element is; nil for texts, objects and structures.
  package let type: NumPyType?
  /// The type as written: `<f4`; `structure` for one of fields.
  package let code: String
  /// The fields of a structure; nil for other arrays, and for structures of structures.
  package let fields: [NumPyField]?
  package let shape: [Int]
  package let isColumnMajor: Bool
  /// Where the elements begin.
  package let start: Int

  /// Reads the header at the beginning of `bytes`.
  ///
  /// As strict as NumPy: the three keys and no others, each once, in a Python literal.
  /// - Throws: `InputError` if it is anything else.
  package init(_ bytes: UnsafeRawBufferPointer, subject: String) throws {
    func damaged(_ why: String) -> InputError {
      InputError(subject, "has a damaged NumPy header: \(why)", "save it with numpy.save")
    }
    guard bytes.count >= 12, unsafe bytes.starts(with: Self.signature) else {
      throw InputError(subject, "is no .npy file", "save the array with numpy.save")
    }
    guard unsafe (1...3).contains(bytes[6]), unsafe bytes[7] == 0 else {
      throw damaged(unsafe "version \(bytes[6]).\(bytes[7]), known are 1.0 to 3.0")
    }
    let text = unsafe bytes[6] == 1 ? 10 : 12
    let length = unsafe bytes[6] == 1 ? Int(loadHalf(bytes, 8)) : Int(loadWord(bytes, 8))
    guard length <= 1 << 16, length <= bytes.count - text else {
      throw damaged("it claims \(length) bytes of \(bytes.count)")
    }
    guard let literal = unsafe NumPyLiteral(bytes[text..<text + length]) else {
      throw damaged("not the description of one array")
    }
    start = text + length
    shape = literal.shape
    isColumnMajor = literal.isFortranOrder
    switch literal.descriptor {
    case .code(let code): (self.code, type, fields) = (code, NumPyType(code), nil)
    case .structure(let fields): (code, type, self.fields) = ("structure", nil, fields)
    }
  }

  /// The beginning of a `.npy` file (version 1.0): padded so that elements start at a multiple of 64.
  /// - Parameters:
  ///   - descriptor: What an element is, as a Python literal: `'<f4'` in quotes, or a list of fields.
  ///   - shape: The extents, outermost first.
  /// - Returns: What stands before the elements.
  package static func data(descriptor: String, shape: [Int]) -> Data {
    var text =
      "{'descr': \(descriptor), 'fortran_order': False, 'shape': \(pythonTuple(shape)), }"
    text += String(repeating: " ", count: 63 - (text.utf8.count + 10) % 64) + "\n"
    let length = text.utf8.count
    return Data(signature + [1, 0, UInt8(length & 255), UInt8(length >> 8)]) + Data(text.utf8)
  }

  /// The array, whose elements follow the header in `storage`; nil when they are no numbers.
  package func tensor(in storage: any ByteStorage, subject: String) throws -> StoredTensor? {
    guard let type else { return nil }
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
    try unsafe base.withBytes { try unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  func release(_ part: Range<Int>) {
    base.release(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
  }
}
