import CKernels

/// How contributions to gradients are added, whatever their type.
extension Graph {
  /// Adds `gradient`, as many elements of `type` as `node` has, to that of `node`.
  func addGradient(_ gradient: UnsafeRawPointer, _ type: ElementType, to node: Node) {
    let (pointer, accumulates) = node.gradientTarget()
    if node.type == .float32 {
      uk_add(
        gradient, type.kernel, pointer.assumingMemoryBound(to: Float.self), accumulates ? 1 : 0,
        node.count)
    } else if !accumulates {
      uk_convert(gradient, type.kernel, pointer, uk_bfloat16, node.count)
    } else {
      withBuffer(bytes: node.count * 4) { buffer in
        let sum = buffer.assumingMemoryBound(to: Float.self)
        uk_convert(pointer, uk_bfloat16, sum, uk_float32, node.count)
        uk_add(gradient, type.kernel, sum, 1, node.count)
        uk_convert(sum, uk_float32, pointer, uk_bfloat16, node.count)
      }
    }
  }

  /// Adds the gradient of `out` to that of `input`; hands the buffer over when it is the first.
  ///
  /// Call it last: afterwards `out` may have no gradient.
  func passGradient(of out: Node, to input: Node) {
    guard let gradient = out.storage.gradient else { return }
    if input.storage.gradient == nil && input.storage.bytes == out.storage.bytes
      && input.type == out.type
    {
      input.storage.gradient = gradient
      out.storage.gradient = nil
    } else {
      addGradient(gradient, out.type, to: input)
    }
  }

  /// Runs `body` with float32 memory in which a gradient of `node` is summed, then adds it.
  ///
  /// The memory holds zeros or, where it is the node's own, the gradient so far.
  func withGradientSum(of node: Node, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    if node.type == .float32 {
      let (pointer, accumulates) = node.gradientTarget()
      let sum = pointer.assumingMemoryBound(to: Float.self)
      if !accumulates { sum.update(repeating: 0, count: node.count) }
      return body(sum)
    }
    withBuffer(bytes: node.count * 4) { buffer in
      let sum = buffer.assumingMemoryBound(to: Float.self)
      sum.update(repeating: 0, count: node.count)
      body(sum)
      addGradient(sum, .float32, to: node)
    }
  }

  /// Runs `body` with `count` elements in the compute type, converted when they are not.
  func withOperand(
    _ pointer: UnsafeMutableRawPointer, _ type: ElementType, count: Int,
    _ body: (UnsafeMutableRawPointer) -> Void
  ) {
    let compute = precision.computeType
    if type == compute { return body(pointer) }
    withBuffer(bytes: count * compute.stride) { copy in
      uk_convert(pointer, type.kernel, copy, compute.kernel, count)
      body(copy)
    }
  }

  /// The same values in another type.
  package func converted(_ x: Node, to type: ElementType) -> Node {
    if x.type == type { return x }
    let out = makeNode(x.shape, type, needsGradient: x.needsGradient)
    uk_convert(x.raw, x.type.kernel, out.raw, type.kernel, x.count)
    if out.needsGradient {
      record { [self] in
        guard let gradient = out.storage.gradient else { return }
        addGradient(gradient, type, to: x)
      }
    }
    return out
  }
}
