import Foundation
import Support

extension TensorArchive {
  /// The same tensors with the layout of PyTorch's, where they are those of a vision transformer of JAX (AugReg,
  /// big_vision): matrices with outputs first, convolutions as `[outputs, inputs, rows, columns]`, heads joined.
  ///
  /// Nothing is copied: the elements are read in another order. Biases of queries, keys and values keep their two
  /// extents, from which the number of heads is seen. Layers that big_vision stacks (`encoderblock` without a number) are
  /// taken apart.
  /// - Throws: `InputError` when a tensor has not the extents of its name.
  func inTorchLayout() throws -> TensorArchive {
    let isJAX =
      names.contains { $0.hasSuffix("embedding.kernel") }
      && names.contains { $0.contains("Transformer.encoderblock") }
    guard isJAX else { return self }
    let apart = try stored().flatMap { name, tensor in
      try Self.unstacked(name, tensor, source)
    }
    return with(
      tensors: try apart.map { name, tensor in
        (name: name, tensor: try Self.turned(name, tensor, source))
      })
  }

  /// The layers of a stack of all blocks; the tensor itself where it is none.
  private static func unstacked(
    _ name: String, _ tensor: StoredTensor, _ source: String
  ) throws -> [(name: String, tensor: StoredTensor)] {
    let mark = "Transformer.encoderblock."
    guard let place = name.range(of: mark), let depth = tensor.shape.first, 1...1024 ~= depth else {
      return [(name, tensor)]
    }
    return try (0..<depth).map { layer in
      let inner = "Transformer.encoderblock_\(layer)." + name[place.upperBound...]
      return (
        name: name[..<place.lowerBound] + inner,
        tensor: try tensor.view(
          shape: Array(tensor.shape.dropFirst()), strides: Array(tensor.strides.dropFirst()),
          offset: tensor.offset + layer * tensor.strides[0], subject: "\(source): tensor '\(name)'")
      )
    }
  }

  private static func turned(
    _ name: String, _ tensor: StoredTensor, _ source: String
  ) throws -> StoredTensor {
    guard name.hasSuffix(".kernel") else { return tensor }
    let (shape, strides) = (tensor.shape, tensor.strides)
    let order: [Int]
    switch shape.count {
    case 2: order = [1, 0]
    // Queries and the like: [inputs, heads, features]; the way back: [heads, features, outputs].
    case 3: return try joined(name, tensor, source)
    case 4: order = [3, 2, 0, 1]
    default: return tensor
    }
    return try tensor.view(
      shape: order.map { shape[$0] }, strides: order.map { strides[$0] }, offset: tensor.offset,
      subject: "\(source): tensor '\(name)'")
  }

  private static func joined(
    _ name: String, _ tensor: StoredTensor, _ source: String
  ) throws -> StoredTensor {
    let (shape, strides) = (tensor.shape, tensor.strides)
    let subject = "\(source): tensor '\(name)'"
    let isWayBack = name.hasSuffix("out.kernel")
    let (outer, inner) = isWayBack ? (0, 1) : (1, 2)
    guard strides[outer] == strides[inner] * shape[inner] else {
      throw InputError(subject, "is not stored row by row", "save it with numpy.savez")
    }
    let heads = (shape[outer] * shape[inner], strides[inner])
    let other = isWayBack ? (shape[2], strides[2]) : (shape[0], strides[0])
    let (rows, columns) = isWayBack ? (other, heads) : (heads, other)
    return try tensor.view(
      shape: [rows.0, columns.0], strides: [rows.1, columns.1], offset: tensor.offset,
      subject: subject)
  }
}
