import Support
import Tensors

/// Floats under a name, in memory that somebody else keeps alive.
@safe package struct TensorBlock {
  package let name: String
  package let shape: [Int]
  /// The elements, as many as the shape says.
  package let data: UnsafePointer<Float>

  /// Names elements that stay where they are as long as the block is used.
  @unsafe package init(name: String, shape: [Int], data: UnsafePointer<Float>) {
    self.name = name
    self.shape = shape
    unsafe self.data = data
  }

  /// Number of elements.
  package var count: Int { shape.reduce(1, *) }
  /// The elements' bytes.
  package var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: data, count: count * MemoryLayout<Float>.stride)
  }
  /// Whether all elements are finite, and so small that their squares are.
  package var isFinite: Bool { unsafe Tensors.isFinite(data, count: count) }
}
