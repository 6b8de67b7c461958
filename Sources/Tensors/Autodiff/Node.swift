import CKernels

/// The memory of a value and of its gradient, borrowed from a workspace.
final class NodeStorage {
  let data: UnsafeMutableRawPointer
  let bytes: Int
  /// Nil until the first contribution arrives.
  var gradient: UnsafeMutableRawPointer?
  let workspace: Workspace

  init(bytes: Int, workspace: Workspace) {
    self.bytes = bytes
    self.workspace = workspace
    data = workspace.take(bytes)
  }

  deinit {
    workspace.give(data, bytes)
    if let gradient { workspace.give(gradient, bytes) }
  }
}

/// A value inside a computation: dense, row-major, alive as long as something refers to it.
package final class Node {
  /// Extents, outermost first.
  package let shape: [Int]
  /// How the elements are stored.
  package let type: ElementType
  /// Number of elements.
  package let count: Int
  let storage: NodeStorage
  /// Whether the loss is to be differentiated with respect to this value.
  let needsGradient: Bool

  init(shape: [Int], type: ElementType, needsGradient: Bool, storage: NodeStorage) {
    self.shape = shape
    self.type = type
    self.storage = storage
    self.needsGradient = needsGradient
    count = shape.reduce(1, *)
  }

  var raw: UnsafeMutableRawPointer { storage.data }

  /// The elements of a `float32` value.
  package var data: UnsafeMutablePointer<Float> {
    precondition(type == .float32, "the elements of a \(type) value are not floats")
    return storage.data.assumingMemoryBound(to: Float.self)
  }

  /// The gradient of a `float32` value after the backward pass; nil when nothing depends on it.
  package var gradient: UnsafeMutablePointer<Float>? {
    precondition(type == .float32, "the gradient of a \(type) value is not floats")
    return storage.gradient?.assumingMemoryBound(to: Float.self)
  }

  /// Extent of the last dimension.
  package var columns: Int { shape.last ?? 1 }
  /// Number of rows when all but the last dimension are counted together.
  package var rows: Int { count / max(columns, 1) }

  /// The same elements (and gradient) seen with another shape.
  package func reshaped(_ shape: [Int]) -> Node {
    precondition(shape.reduce(1, *) == count, "\(self.shape) cannot be seen as \(shape)")
    return Node(shape: shape, type: type, needsGradient: needsGradient, storage: storage)
  }

  /// The elements as floats, whatever the type.
  package var array: [Float] {
    var out = [Float](repeating: 0, count: count)
    uk_convert(raw, type.kernel, &out, uk_float32, count)
    return out
  }

  /// Where a contribution to the gradient goes, and whether it is added or is the first.
  func gradientTarget() -> (pointer: UnsafeMutableRawPointer, accumulates: Bool) {
    if let gradient = storage.gradient { return (gradient, true) }
    let fresh = storage.workspace.take(storage.bytes)
    storage.gradient = fresh
    return (fresh, false)
  }
}
