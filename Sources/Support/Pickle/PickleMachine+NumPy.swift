import Foundation

/// NumPy's arrays, scalars and types, as its `__reduce__` writes them.
extension PickleMachine {
  /// `dtype('f4', align, copy)`.
  mutating func numpyType(_ values: [PickleReference]) throws -> PickleReference {
    guard let first = values.first else { throw malformed("numpy.dtype") }
    if case .global(let global) = graph[first], case .elementType(let type) = global.rule {
      return try add(.elementType(type, isBigEndian: false))
    }
    guard let code = graph.string(first) else { throw malformed("numpy.dtype") }
    guard let type = NumPyType(code) else {
      // Text, dates and objects carry no weights, but their presence must not hide the weights.
      return try add(.string("dtype \(code)"))
    }
    return try add(.elementType(type.stored, isBigEndian: type.isBigEndian))
  }

  /// `scalar(dtype, bytes)`: a number.
  mutating func numpyScalar(_ values: [PickleReference]) throws -> PickleReference {
    guard values.count == 2 else { throw malformed("numpy scalar") }
    guard case .elementType(let type, let isBigEndian) = graph[values[0]] else {
      return try add(.none)
    }
    guard let data = graph.data(values[1]), data.count == type.width else {
      throw malformed("numpy scalar")
    }
    let bytes = isBigEndian ? Data(data.reversed()) : data
    return try unsafe add(bytes.withUnsafeBytes { unsafe Self.number($0, of: type) })
  }

  /// The number that an element holds; whole numbers keep all their digits.
  private static func number(_ bytes: UnsafeRawBufferPointer, of type: StoredType) -> PickleNode {
    func whole<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) -> PickleNode {
      let value = unsafe Value(littleEndian: bytes.loadUnaligned(as: Value.self))
      return Int(exactly: value).map { .integer($0) } ?? .string("\(value)")
    }
    switch type {
    case .bool: return unsafe .bool(bytes[0] != 0)
    case .float64: return unsafe .float(bytes.loadUnaligned(as: Double.self))
    case .float32, .float16, .bfloat16:
      var value: Float = 0
      if let base = bytes.baseAddress { unsafe type.convert(base, count: 1, into: &value) }
      return .float(Double(value))
    case .int64: return whole(Int64.self)
    case .int32: return whole(Int32.self)
    case .int16: return whole(Int16.self)
    case .int8: return whole(Int8.self)
    case .uint64: return whole(UInt64.self)
    case .uint32: return whole(UInt32.self)
    case .uint16: return whole(UInt16.self)
    case .uint8: return whole(UInt8.self)
    }
  }

  /// The state of an array: `(version, shape, dtype, isColumnMajor, bytes)`.
  ///
  /// An array of objects becomes a list of them.
  mutating func numpyArray(_ state: PickleReference) throws -> PickleNode {
    guard let parts = graph.sequence(state), parts.count >= 4,
      let shape = graph.integers(
        parts[parts.count - 4])
    else { throw malformed("numpy.ndarray") }
    let rest = Array(parts.suffix(3))
    if case .sequence(let objects) = graph[rest[2]] { return .sequence(objects) }
    return .tensor(
      try numpyTensor(
        bytes: rest[2], type: rest[0], shape: shape,
        isColumnMajor: graph.integer(rest[1]) == 1))
  }

  /// `_frombuffer(bytes, dtype, shape, order)` of protocol 5.
  mutating func numpyBuffer(_ values: [PickleReference]) throws -> PickleReference {
    guard values.count == 4, let shape = graph.integers(values[2]),
      let order = graph.string(values[3])
    else { throw malformed("numpy array") }
    return try add(
      .tensor(
        try numpyTensor(
          bytes: values[0], type: values[1], shape: shape, isColumnMajor: order == "F")))
  }

  private mutating func numpyTensor(
    bytes: PickleReference, type: PickleReference, shape: [Int], isColumnMajor: Bool
  ) throws -> Int {
    var source = PickledTensor.Source.bytes(start: 0, count: 0)
    var elements = (type: StoredType.uint8, isBigEndian: false)
    var shape = shape
    if case .elementType(let stored, let isBigEndian) = graph[type] {
      elements = (stored, isBigEndian)
      switch graph[bytes] {
      case .bytes(let start, let count): source = .bytes(start: start, count: count)
      case .blob(let index): source = .blob(index)
      default: throw malformed("numpy array")
      }
    } else {
      shape = [0]  // An array of texts or objects.
    }
    guard elementCount(shape) != nil else { throw malformed("numpy array") }
    graph.tensors.append(
      PickledTensor(
        source: source, type: elements.type, shape: shape,
        strides: isColumnMajor ? columnMajorStrides(shape) : nil, offset: 0,
        isBigEndian: elements.isBigEndian))
    return graph.tensors.count - 1
  }

  /// `_codecs.encode(text, 'latin1')`: how protocol 2 writes bytes.
  mutating func encoded(_ values: [PickleReference]) throws -> PickleReference {
    guard values.count == 2, let text = graph.string(values[0]), let codec = graph.string(values[1])
    else { throw malformed("_codecs.encode") }
    var bytes = Data()
    if codec == "latin1" || codec == "latin-1" {
      bytes.reserveCapacity(text.utf8.count)
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { throw malformed("_codecs.encode") }
        bytes.append(byte)
      }
    } else {
      bytes = Data(text.utf8)
    }
    // Written once, a text takes at least as many bytes in the stream.
    blobBytes += bytes.count
    guard unsafe blobBytes <= cursor.bytes.count else { throw malformed("_codecs.encode") }
    graph.blobs.append(bytes)
    return try add(.blob(graph.blobs.count - 1))
  }
}

/// The strides of an array whose first index runs fastest.
func columnMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropFirst() {
    strides[axis] = strides[axis - 1] &* max(shape[axis - 1], 1)
  }
  return strides
}
