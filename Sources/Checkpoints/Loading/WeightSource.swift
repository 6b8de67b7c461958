import Foundation
import Support
import Tensors

/// Where a weight of ours comes from: tensors of the archive and what is done to them.
@safe struct WeightSource: Sendable {
  /// The tensors that are read, by their names in the archive.
  let names: [String]
  /// Extents of the result.
  let shape: [Int]
  private let write: @Sendable (TensorArchive, UnsafeMutablePointer<Float>) throws -> Void

  init(
    _ names: [String], shape: [Int],
    _ write: @escaping @Sendable (TensorArchive, UnsafeMutablePointer<Float>) throws -> Void
  ) {
    self.names = names
    self.shape = shape
    unsafe self.write = unsafe write
  }

  /// Writes the weight to memory with room for it.
  func read(from archive: TensorArchive, into target: UnsafeMutablePointer<Float>) throws {
    try unsafe write(archive, target)
  }

  /// The weight as a tensor.
  func tensor(from archive: TensorArchive) throws -> Tensor {
    let tensor = Tensor(shape)
    try unsafe write(archive, tensor.data)
    return tensor
  }
}

extension WeightSource {
  /// A tensor as it is; its elements may be given other extents.
  static func tensor(_ name: String, shape: [Int]) -> WeightSource {
    unsafe WeightSource([name], shape: shape) {
      try unsafe $0.read(name, into: $1, count: shape.reduce(1, *))
    }
  }

  /// Tensors one after the other along the first axis; nil stands for zeros.
  ///
  /// - Parameters:
  ///   - parts: names and numbers of elements.
  ///   - shape: extents of the whole.
  /// - Returns: the source.
  static func stacked(_ parts: [(name: String?, count: Int)], shape: [Int]) -> WeightSource {
    unsafe WeightSource(parts.compactMap(\.name), shape: shape) { archive, target in
      var place = unsafe target
      for (name, count) in parts {
        if let name {
          try unsafe archive.read(name, into: place, count: count)
        } else {
          unsafe place.update(repeating: 0, count: count)
        }
        unsafe place += count
      }
    }
  }

  /// The product of two tensors, element by element: a bias and its mask (DINOv3).
  static func product(_ name: String, _ other: String, shape: [Int]) -> WeightSource {
    let count = shape.reduce(1, *)
    return unsafe WeightSource([name, other], shape: shape) { archive, target in
      try unsafe archive.read(name, into: target, count: count)
      try unsafe archive.withFloats(other, count: count) { factors in
        for index in 0..<count { unsafe target[index] *= factors[index] }
      }
    }
  }

  /// A table of relative positions at another grid; its last three rows stay.
  ///
  /// - Parameters:
  ///   - name: the table, `[from² + 3, heads]`.
  ///   - from: its offsets along an axis.
  ///   - shape: extents of the result.
  ///   - resampling: how.
  /// - Returns: the source.
  static func relativePositions(
    _ name: String, from: Int, shape: [Int], by resampling: PositionResampling
  ) -> WeightSource {
    unsafe WeightSource([name], shape: shape) { archive, target in
      let heads = shape[1]
      let to = Int(Double(shape[0] - 3).squareRoot().rounded())
      try unsafe archive.withFloats(name, count: (from * from + 3) * heads) { table in
        let values = unsafe resampling.resample(table, prefix: 0, from: from, to: to, width: heads)
        unsafe target.update(from: values, count: values.count)
        unsafe (target + values.count).update(from: table + from * from * heads, count: 3 * heads)
      }
    }
  }

  /// A matrix, rows and columns exchanged.
  static func transposed(_ name: String, shape: [Int]) -> WeightSource {
    unsafe WeightSource([name], shape: shape) { archive, target in
      let (rows, columns) = (shape[0], shape[1])
      try unsafe archive.withFloats(name, count: rows * columns) { matrix in
        for row in 0..<rows {
          for column in 0..<columns {
            unsafe target[row * columns + column] = unsafe matrix[column * rows + row]
          }
        }
      }
    }
  }
}
