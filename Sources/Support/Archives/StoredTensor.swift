import Foundation

/// A strided view of stored bytes: where a tensor's elements lie and how they are written.
package struct StoredTensor: Sendable {
  package let type: StoredType
  package let shape: [Int]
  /// Elements between neighbours along each axis; row-major when dense.
  package let strides: [Int]
  /// The first element, counted in elements from the beginning of the storage.
  package let offset: Int
  let isBigEndian: Bool
  let storage: any ByteStorage
  /// Number of elements.
  package let count: Int

  /// Describes a view after checking that it stays inside its storage.
  ///
  /// - Parameters:
  ///   - type: how elements are stored.
  ///   - shape: extents, outermost first.
  ///   - strides: row-major when nil.
  ///   - offset: the first element, in elements.
  ///   - isBigEndian: whether elements are stored with the high byte first.
  ///   - storage: the bytes.
  ///   - subject: file and tensor, for messages.
  /// - Throws: `InputError` if an extent is negative, the view leaves its storage, or repeats the
  ///   same bytes so often that it would take far more memory than the file.
  package init(
    _ type: StoredType, shape: [Int], strides: [Int]? = nil, offset: Int = 0,
    isBigEndian: Bool = false, storage: any ByteStorage, subject: String
  ) throws {
    guard shape.count <= 32, let count = elementCount(shape) else {
      throw InputError(subject, "has the impossible shape \(shape.prefix(33))")
    }
    let strides = strides ?? rowMajorStrides(shape)
    guard strides.count == shape.count, offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
      throw InputError(subject, "has strides \(strides.prefix(33)) that do not fit shape \(shape)")
    }
    let available = storage.count / type.width
    guard let last = lastElement(shape, strides, offset, count: count), last <= available else {
      throw InputError(
        subject, "reaches beyond its \(storage.count) bytes of storage",
        "the file is damaged; fetch it again")
    }
    guard count <= max(1 << 16, 16 * available) else {
      throw InputError(subject, "repeats its storage to \(count) elements")
    }
    self.type = type
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.isBigEndian = isBigEndian
    self.storage = storage
    self.count = count
  }

  /// The same elements, or some of them, with other extents and strides.
  /// - Throws: `InputError` as the initialiser.
  package func view(
    shape: [Int], strides: [Int], offset: Int, subject: String
  ) throws -> StoredTensor {
    try StoredTensor(
      type, shape: shape, strides: strides, offset: offset, isBigEndian: isBigEndian,
      storage: storage, subject: subject)
  }

  /// Whether the elements lie one after the other in row-major order.
  private var isDense: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      guard stride == expected else { return false }
      expected *= extent
    }
    return true
  }

  /// Writes the elements in row-major order, converted, to `target`, which has room for `count`.
  package func read(into target: UnsafeMutablePointer<Float>) throws {
    guard count > 0 else { return }
    try unsafe storage.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let start = unsafe base + offset * type.width
      if isDense, !isBigEndian || type.width == 1 {
        unsafe type.convert(start, count: count, into: target)
      } else {
        let dense = UnsafeMutableRawPointer.allocate(byteCount: count * type.width, alignment: 8)
        defer { unsafe dense.deallocate() }
        unsafe gather(start, into: dense)
        unsafe type.convert(dense, count: count, into: target)
      }
    }
    if isDense {
      storage.release(offset * type.width..<(offset + count) * type.width)
    }
  }

  /// Copies the elements to `target` in row-major order and in this machine's byte order.
  private func gather(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    let width = type.width
    let inner = shape.last ?? 1
    let innerStride = (strides.last ?? 1) * width
    var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
    var written = unsafe target
    for _ in 0..<(count / inner) {
      var place = unsafe source + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } * width
      for _ in 0..<inner {
        unsafe written.copyMemory(from: place, byteCount: width)
        unsafe written += width
        unsafe place += innerStride
      }
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    if isBigEndian { unsafe swapBytes(target, count: count, width: width) }
  }
}

/// Reverses the bytes of each element.
private func swapBytes(_ elements: UnsafeMutableRawPointer, count: Int, width: Int) {
  switch width {
  case 2: unsafe swapEach(elements, count, UInt16.self)
  case 4: unsafe swapEach(elements, count, UInt32.self)
  case 8: unsafe swapEach(elements, count, UInt64.self)
  default: break
  }
}

private func swapEach<Word: FixedWidthInteger & BitwiseCopyable>(
  _ elements: UnsafeMutableRawPointer, _ count: Int, _: Word.Type
) {
  let words = unsafe elements.bindMemory(to: Word.self, capacity: count)
  for index in 0..<count { unsafe words[index] = unsafe words[index].byteSwapped }
}

/// The product of extents; nil when one is negative or the product overflows.
package func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for extent in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    guard extent >= 0, !overflow, product < 1 << 46 else { return nil }
    count = product
  }
  return count
}

/// The strides of a dense tensor.
private func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] &* max(shape[axis + 1], 1)
  }
  return strides
}

/// One more than the largest element that a view touches; nil when that overflows.
private func lastElement(_ shape: [Int], _ strides: [Int], _ offset: Int, count: Int) -> Int? {
  guard count > 0 else { return offset }
  var last = offset
  for (extent, stride) in zip(shape, strides) {
    let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
    let (sum, overflowToo) = last.addingReportingOverflow(reach)
    guard !overflow, !overflowToo else { return nil }
    last = sum
  }
  return last == .max ? nil : last + 1
}
