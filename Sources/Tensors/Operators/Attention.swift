import CKernels

/// Tokens inside memory, `[batch, tokens, heads × headWidth]` with gaps between rows.
private struct TokenView {
  let node: Node
  /// Elements before the first one.
  let offset: Int
  let tokens: Int
  let rowStride: Int

  var data: UnsafeMutableRawPointer { node.raw + offset * node.type.stride }
  func gradient(_ base: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    base + offset * node.type.stride
  }
}

/// Where the gradients of views go, in the order in which they are written.
///
/// Views of one value at different offsets share no element: the first contribution overwrites
/// each. The same view a second time (a key that is also the value) is added to.
private struct Targets {
  private var entries: [(pointer: UnsafeMutableRawPointer, accumulates: Bool)?] = []

  init(writing views: [TokenView]) {
    var known: [ObjectIdentifier: (pointer: UnsafeMutableRawPointer, accumulates: Bool)] = [:]
    for (order, view) in views.enumerated() {
      guard view.node.needsGradient else {
        entries.append(nil)
        continue
      }
      let storage = view.node.storage
      let target = known[ObjectIdentifier(storage)] ?? view.node.gradientTarget()
      known[ObjectIdentifier(storage)] = target
      let isWritten = views[..<order].contains {
        $0.node.storage === storage && $0.offset == view.offset && $0.node.needsGradient
      }
      entries.append((target.pointer, target.accumulates || isWritten))
    }
  }

  subscript(order: Int) -> (pointer: UnsafeMutableRawPointer, accumulates: Bool)? {
    entries[order]
  }
}

extension Graph {
  /// Multi-head self-attention: `softmax(q kᵀ / √headWidth + bias) v` for each head.
  ///
  /// - Parameters:
  ///   - qkv: `[batch, tokens, 3 × width]` in the compute type, as one projection writes it.
  ///   - heads: must divide the width.
  ///   - bias: added to the scores, float32 `[heads, tokens, tokens]`; no gradient reaches it.
  /// - Returns: `[batch, tokens, width]`.
  package func attention(_ qkv: Node, heads: Int, bias: Node? = nil) -> Node {
    let (tokens, width) = (qkv.shape[1], qkv.shape[2] / 3)
    let view = { TokenView(node: qkv, offset: $0 * width, tokens: tokens, rowStride: 3 * width) }
    return attention(view(0), view(1), view(2), batch: qkv.shape[0], width, heads, bias)
  }

  /// Multi-head cross-attention.
  ///
  /// - Parameters:
  ///   - query: `[batch, queries, width]`, in the compute type.
  ///   - key: `[batch, tokens, width]`.
  ///   - value: `[batch, tokens, width]`.
  ///   - heads: must divide the width.
  /// - Returns: `[batch, queries, width]`.
  package func attention(query: Node, key: Node, value: Node, heads: Int) -> Node {
    let width = query.shape[2]
    let view = { (n: Node) in
      TokenView(node: n, offset: 0, tokens: n.shape[1], rowStride: n.shape[2])
    }
    return attention(
      view(query), view(key), view(value), batch: query.shape[0], width, heads, nil)
  }

  private func attention(
    _ q: TokenView, _ k: TokenView, _ v: TokenView, batch: Int, _ width: Int, _ heads: Int,
    _ bias: Node?
  ) -> Node {
    precondition(width % heads == 0, "\(heads) heads do not divide width \(width)")
    let core = AttentionCore(
      batch: batch, queries: q.tokens, keys: k.tokens, width: width, heads: heads,
      type: precision.computeType)
    let needsGradient = q.node.needsGradient || k.node.needsGradient || v.node.needsGradient
    let out = makeNode([batch, q.tokens, width], core.type, needsGradient: needsGradient)
    // Training keeps the probabilities; otherwise a group's are dropped with the group.
    let kept = out.needsGradient ? makeNode([batch, heads, q.tokens, k.tokens], core.type) : nil
    let groupCount = core.groupBatch * core.groupHeads * q.tokens * k.tokens
    withBuffer(bytes: groupCount * 4) { scores in
      withBuffer(bytes: groupCount * core.type.stride) { spare in
        for group in core.groups {
          let probabilities =
            kept.map { $0.raw + core.scoreOffset(group) * core.type.stride } ?? spare
          forward(core, group, q, k, v, bias, scores, probabilities, out)
        }
      }
    }
    if let kept {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        backward(core, q, k, v, kept, outGradient)
      }
    }
    return out
  }

  private func forward(
    _ core: AttentionCore, _ group: AttentionCore.Group, _ q: TokenView, _ k: TokenView,
    _ v: TokenView, _ bias: Node?, _ scores: UnsafeMutableRawPointer,
    _ probabilities: UnsafeMutableRawPointer, _ out: Node
  ) {
    let type = core.type
    let place = { (view: TokenView) in
      view.data + core.offset(group, view.tokens, view.rowStride) * type.stride
    }
    multiply(
      core.shape(
        group, rows: core.queries, columns: core.keys, inner: core.headWidth,
        a: core.layout(q.tokens, q.rowStride),
        b: core.layout(k.tokens, k.rowStride).transposed, c: core.scoreLayout, cType: .float32),
      place(q), place(k), into: scores)
    let rows = group.batch.count * group.heads.count * core.queries
    let biasRows = group.heads.count * core.queries
    uk_softmax(
      scores.assumingMemoryBound(to: Float.self), core.scale,
      bias.map { $0.data + group.heads.lowerBound * core.queries * core.keys }, biasRows,
      probabilities, type.kernel, rows, core.keys)
    multiply(
      core.shape(
        group, rows: core.queries, columns: core.headWidth, inner: core.keys, a: core.scoreLayout,
        b: core.layout(v.tokens, v.rowStride), c: core.layout(core.queries, core.width)),
      probabilities, place(v),
      into: out.raw + core.offset(group, core.queries, core.width) * type.stride)
  }

  private func backward(
    _ core: AttentionCore, _ q: TokenView, _ k: TokenView, _ v: TokenView, _ kept: Node,
    _ outGradient: UnsafeMutableRawPointer
  ) {
    let targets = Targets(writing: [v, q, k])
    let groupCount = core.groupBatch * core.groupHeads * core.queries * core.keys
    withBuffer(bytes: groupCount * 4) { scoreGradient in
      withBuffer(bytes: groupCount * core.type.stride) { narrow in
        for group in core.groups {
          backward(core, group, q, k, v, kept, outGradient, targets, scoreGradient, narrow)
        }
      }
    }
  }

  private func backward(
    _ core: AttentionCore, _ group: AttentionCore.Group, _ q: TokenView, _ k: TokenView,
    _ v: TokenView, _ kept: Node, _ outGradient: UnsafeMutableRawPointer,
    _ targets: Targets, _ scoreGradient: UnsafeMutableRawPointer, _ narrow: UnsafeMutableRawPointer
  ) {
    let type = core.type
    let probabilities = kept.raw + core.scoreOffset(group) * type.stride
    let dOut = outGradient + core.offset(group, core.queries, core.width) * type.stride
    let outLayout = core.layout(core.queries, core.width)
    let place = { (view: TokenView) in
      view.data + core.offset(group, view.tokens, view.rowStride) * type.stride
    }
    let send = {
      [self]
      (
        order: Int, view: TokenView, shape: ProductShape, a: UnsafeRawPointer,
        b: UnsafeRawPointer
      ) in
      guard let target = targets[order] else { return }
      var shape = shape
      shape.addition = target.accumulates ? .accumulate : .overwrite
      let base = view.gradient(target.pointer)
      multiply(
        shape, a, b, into: base + core.offset(group, view.tokens, view.rowStride) * type.stride)
    }
    // dV = Pᵀ dOut
    send(
      0, v,
      core.shape(
        group, rows: core.keys, columns: core.headWidth, inner: core.queries,
        a: core.scoreLayout.transposed, b: outLayout, c: core.layout(v.tokens, v.rowStride)),
      probabilities, dOut)
    // dP = dOut Vᵀ, then through the softmax
    multiply(
      core.shape(
        group, rows: core.queries, columns: core.keys, inner: core.headWidth, a: outLayout,
        b: core.layout(v.tokens, v.rowStride).transposed, c: core.scoreLayout, cType: .float32),
      dOut, place(v), into: scoreGradient)
    uk_softmax_backward(
      probabilities, type.kernel, scoreGradient.assumingMemoryBound(to: Float.self), core.scale,
      narrow, group.batch.count * group.heads.count * core.queries, core.keys)
    send(
      1, q,
      core.shape(
        group, rows: core.queries, columns: core.headWidth, inner: core.keys, a: core.scoreLayout,
        b: core.layout(k.tokens, k.rowStride), c: core.layout(q.tokens, q.rowStride)),
      narrow, place(k))
    send(
      2, k,
      core.shape(
        group, rows: core.keys, columns: core.headWidth, inner: core.queries,
        a: core.scoreLayout.transposed, b: core.layout(q.tokens, q.rowStride),
        c: core.layout(k.tokens, k.rowStride)),
      narrow, place(q))
  }
}

/// Extents of an attention, and its division into groups whose scores fit the second-level cache.
private struct AttentionCore {
  struct Group {
    let batch: Range<Int>
    let heads: Range<Int>
  }

  let batch: Int
  let queries: Int
  let keys: Int
  let width: Int
  let heads: Int
  let type: ElementType

  /// Bytes of scores that a group may have.
  private static let scoreBytes = 384 << 10

  var headWidth: Int { width / heads }
  var scale: Float { 1 / Float(headWidth).squareRoot() }

  private var headsThatFit: Int { max(1, Self.scoreBytes / max(1, queries * keys * 4)) }
  var groupHeads: Int { min(heads, headsThatFit) }
  var groupBatch: Int { groupHeads < heads ? 1 : min(batch, max(1, headsThatFit / heads)) }

  var groups: [Group] {
    stride(from: 0, to: batch, by: groupBatch).flatMap { first in
      stride(from: 0, to: heads, by: groupHeads).map { head in
        Group(
          batch: first..<min(batch, first + groupBatch),
          heads: head..<min(heads, head + groupHeads))
      }
    }
  }

  /// Elements before a group in `[batch, tokens, …]` rows.
  func offset(_ group: Group, _ tokens: Int, _ rowStride: Int) -> Int {
    group.batch.lowerBound * tokens * rowStride + group.heads.lowerBound * headWidth
  }

  /// Elements before a group in `[batch, heads, queries, keys]`.
  func scoreOffset(_ group: Group) -> Int {
    (group.batch.lowerBound * heads + group.heads.lowerBound) * queries * keys
  }

  func layout(_ tokens: Int, _ rowStride: Int) -> MatrixLayout {
    MatrixLayout(batch0: tokens * rowStride, batch1: headWidth, row: rowStride, column: 1)
  }

  /// Scores of a group, dense; a group has all heads or one image.
  var scoreLayout: MatrixLayout {
    MatrixLayout(
      batch0: heads * queries * keys, batch1: queries * keys, row: keys, column: 1)
  }

  func shape(
    _ group: Group, rows: Int, columns: Int, inner: Int, a: MatrixLayout, b: MatrixLayout,
    c: MatrixLayout, cType: ElementType? = nil
  ) -> ProductShape {
    ProductShape(
      batch0: group.batch.count, batch1: group.heads.count, rows: rows, columns: columns,
      inner: inner, a: a, b: b, c: c, aType: type, bType: type, cType: cType ?? type)
  }
}

extension MatrixLayout {
  fileprivate var transposed: MatrixLayout {
    MatrixLayout(batch0: batch0, batch1: batch1, row: column, column: row)
  }
}
