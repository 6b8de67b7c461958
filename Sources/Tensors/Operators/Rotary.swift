import CKernels

/// By what the queries and keys of patches are rotated.
package struct Rotation: Sendable {
  /// `[places, headWidth]`: for each place the cosines of its angles, then their sines.
  package let table: Tensor
  /// Tokens before the first patch, which stay as they are.
  package let prefix: Int
  /// The place of each patch, `[batch × patches]`; in order when nil.
  package let order: [Int32]?

  /// A rotation of patches in order, or at the places `order`.
  package init(table: Tensor, prefix: Int, order: [Int32]? = nil) {
    self.table = table
    self.prefix = prefix
    self.order = order
  }
}

extension Graph {
  /// Rotary positions: queries and keys turned by angles that depend on the place of their patch.
  ///
  /// Elements `i` and `i + headWidth / 2` of a head are a point `(x, y)`, which becomes
  /// `(x cos − y sin, y cos + x sin)` (Su et al. 2021). The gradient is turned back.
  ///
  /// - Parameters:
  ///   - qkv: `[batch, tokens, 3 × width]` in the compute type, as one projection writes it.
  ///   - heads: must divide the width; the width of a head is even.
  ///   - rotation: the angles.
  /// - Returns: of the same shape and type; values and tokens before the first patch unchanged.
  package func rotated(_ qkv: Node, heads: Int, by rotation: Rotation) -> Node {
    let extents = rotation.extents(of: qkv, heads: heads)
    let out = makeNode(qkv.shape, qkv.type, needsGradient: qkv.needsGradient)
    let rotate = {
      (from: UnsafeMutableRawPointer, inverse: Bool, accumulates: Bool, to: UnsafeMutableRawPointer)
      in
      var extents = extents
      let (table, inverse, accumulates) = (
        rotation.table.data, Int32(inverse ? 1 : 0), Int32(accumulates ? 1 : 0)
      )
      guard let order = rotation.order else {
        return uk_rotate(&extents, from, qkv.type.kernel, table, nil, inverse, accumulates, to)
      }
      uk_rotate(&extents, from, qkv.type.kernel, table, order, inverse, accumulates, to)
    }
    rotate(qkv.raw, false, false, out.raw)
    if out.needsGradient {
      record {
        guard let d = out.storage.gradient else { return }
        let target = qkv.gradientTarget()
        rotate(d, true, target.accumulates, target.pointer)
      }
    }
    return out
  }
}

extension Rotation {
  /// What the kernel is told; refuses places that the table does not have.
  fileprivate func extents(of qkv: Node, heads: Int) -> uk_rotary {
    let (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
    let (places, headWidth) = (table.shape[0], table.shape[1])
    precondition(
      width == heads * headWidth && headWidth % 2 == 0,
      "a table of \(headWidth) columns rotates no \(heads) heads of width \(width)")
    let patches = tokens - prefix
    if let order {
      precondition(
        order.count == batch * patches && order.allSatisfy { 0..<places ~= Int($0) },
        "\(order.count) places among \(places) for \(batch) × \(patches) patches")
    } else {
      precondition(0...places ~= patches, "\(patches) patches have only \(places) places")
    }
    return uk_rotary(
      batch: batch, tokens: tokens, heads: heads, head_width: headWidth, prefix: prefix)
  }
}
