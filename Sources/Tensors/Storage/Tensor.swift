import CSystem
import Foundation

/// A dense, row-major array of 32-bit floats that owns its memory (64-byte aligned, zeroed).
///
/// Used for weights, data sets and features; values inside a computation are `Node`s.
/// Concurrent reads are safe; a writer must be the only one that touches the tensor.
package final class Tensor: @unchecked Sendable {
  /// Extents, outermost first; empty for a scalar.
  package let shape: [Int]
  /// Number of elements.
  package let count: Int
  /// The elements; valid as long as the tensor lives.
  package let data: UnsafeMutablePointer<Float>

  /// A tensor of zeros.
  package init(_ shape: [Int]) {
    self.shape = shape
    count = shape.reduce(1, *)
    data = allocateAligned(count)
    data.initialize(repeating: 0, count: count)
  }

  /// A tensor with the given elements; their number must match the shape.
  package convenience init(_ shape: [Int], _ elements: [Float]) {
    self.init(shape)
    precondition(
      elements.count == count, "shape \(shape) needs \(count) elements, not \(elements.count)")
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { data.update(from: base, count: count) }
    }
  }

  deinit { free(data) }

  /// The elements as an array.
  package var array: [Float] { Array(UnsafeBufferPointer(start: data, count: count)) }
}

extension Tensor {
  /// Writes the elements of a value in the place of some rows; disjoint rows may be written side by side.
  package func setRows(_ range: Range<Int>, to value: Node) {
    let width = count / max(shape[0], 1)
    precondition(value.count == range.count * width, "\(value.shape) for \(range) of \(shape)")
    (data + range.lowerBound * width).update(from: value.data, count: value.count)
  }
}

/// Uninitialised memory for `count` floats, 64-byte aligned; release with `free`.
package func allocateAligned(_ count: Int) -> UnsafeMutablePointer<Float> {
  var raw: UnsafeMutableRawPointer?
  let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
  guard posix_memalign(&raw, 64, bytes) == 0, let raw else {
    cs_out_of_memory(bytes)
  }
  return raw.bindMemory(to: Float.self, capacity: count)
}
