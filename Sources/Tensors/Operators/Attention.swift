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
  ///   - bias: added to the scores, float32 `[heads, tokens, tokens]`.
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
    let needsGradient =
      q.node.needsGradient || k.node.needsGradient || v.node.needsGradient
      || bias?.needsGradient == true
    let out = makeNode([batch, q.tokens, width], core.type, needsGradient: needsGradient)
    // Training keeps the probabilities; otherwise a group's are dropped with the group.
    let kept = out.needsGradient ? makeNode([batch, heads, q.tokens, k.tokens], core.type) : nil
    let scoreCount = core.groupHeadCount * q.tokens * k.tokens
    withBuffer(bytes: scoreCount * 4) { scores in
      withBuffer(bytes: scoreCount * core.type.stride) { spare in
        withPackedHeads(core) { packed in
          for group in core.groups {
            let probabilities =
              kept.map { $0.raw + core.scoreOffset(group) * core.type.stride } ?? spare
            forward(core, group, q, k, v, bias, scores, probabilities, out, packed)
          }
        }
      }
    }
    if let kept {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        guard let bias, bias.needsGradient else {
          return backward(core, q, k, v, kept, outGradient, nil)
        }
        withBuffer(bytes: bias.count * 4) { buffer in
          let sum = buffer.assumingMemoryBound(to: Float.self)
          sum.update(repeating: 0, count: bias.count)
          backward(core, q, k, v, kept, outGradient, sum)
          uk_scale(sum, 1 / core.scale, sum, bias.count)
          addGradient(sum, .float32, to: bias)
        }
      }
    }
    return out
  }

  private func forward(
    _ core: AttentionCore, _ group: AttentionCore.Group, _ q: TokenView, _ k: TokenView,
    _ v: TokenView, _ bias: Node?, _ scores: UnsafeMutableRawPointer,
    _ probabilities: UnsafeMutableRawPointer, _ out: Node, _ packed: PackedHeads
  ) {
    core.pack(q.data, group, q.tokens, q.rowStride, into: packed.query)
    core.pack(k.data, group, k.tokens, k.rowStride, into: packed.key)
    core.pack(v.data, group, v.tokens, v.rowStride, into: packed.value)
    multiply(
      core.shape(
        group, rows: core.queries, columns: core.keys, inner: core.headWidth,
        transposesB: true, cType: .float32),
      packed.query, packed.key, into: scores)
    let rows = group.batch.count * group.heads.count * core.queries
    let biasRows = group.heads.count * core.queries
    uk_softmax(
      scores.assumingMemoryBound(to: Float.self), core.scale,
      bias.map { $0.data + group.heads.lowerBound * core.queries * core.keys }, biasRows,
      probabilities, core.type.kernel, rows, core.keys)
    multiply(
      core.shape(group, rows: core.queries, columns: core.headWidth, inner: core.keys),
      probabilities, packed.value, into: packed.result)
    core.unpack(
      packed.result, group, core.queries, core.width, accumulates: false, into: out.raw)
  }

  private func backward(
    _ core: AttentionCore, _ q: TokenView, _ k: TokenView, _ v: TokenView, _ kept: Node,
    _ outGradient: UnsafeMutableRawPointer, _ biasSum: UnsafeMutablePointer<Float>?
  ) {
    let targets = Targets(writing: [v, q, k])
    let scoreCount = core.groupHeadCount * core.queries * core.keys
    withBuffer(bytes: scoreCount * 4) { scoreGradient in
      withBuffer(bytes: scoreCount * core.type.stride) { narrow in
        withPackedHeads(core) { packed in
          for group in core.groups {
            backward(
              core, group, q, k, v, kept, outGradient, targets, scoreGradient, narrow, packed)
            if let biasSum { core.addScores(narrow, group, to: biasSum) }
          }
        }
      }
    }
  }

  private func backward(
    _ core: AttentionCore, _ group: AttentionCore.Group, _ q: TokenView, _ k: TokenView,
    _ v: TokenView, _ kept: Node, _ outGradient: UnsafeMutableRawPointer, _ targets: Targets,
    _ scoreGradient: UnsafeMutableRawPointer, _ narrow: UnsafeMutableRawPointer,
    _ packed: PackedHeads
  ) {
    let probabilities = kept.raw + core.scoreOffset(group) * core.type.stride
    core.pack(q.data, group, q.tokens, q.rowStride, into: packed.query)
    core.pack(k.data, group, k.tokens, k.rowStride, into: packed.key)
    core.pack(v.data, group, v.tokens, v.rowStride, into: packed.value)
    core.pack(outGradient, group, core.queries, core.width, into: packed.outGradient)
    let send = { [self] (order: Int, view: TokenView, shape: ProductShape, left, right) in
      guard let target = targets[order] else { return }
      multiply(shape, left, right, into: packed.result)
      core.unpack(
        packed.result, group, view.tokens, view.rowStride, accumulates: target.accumulates,
        into: view.gradient(target.pointer))
    }
    // dV = Pᵀ dOut
    let toKeys = core.shape(
      group, rows: core.keys, columns: core.headWidth, inner: core.queries, transposesA: true)
    send(0, v, toKeys, probabilities, packed.outGradient)
    // dP = dOut Vᵀ, then through the softmax
    multiply(
      core.shape(
        group, rows: core.queries, columns: core.keys, inner: core.headWidth,
        transposesB: true, cType: .float32),
      packed.outGradient, packed.value, into: scoreGradient)
    uk_softmax_backward(
      probabilities, core.type.kernel, scoreGradient.assumingMemoryBound(to: Float.self),
      core.scale, narrow, group.batch.count * group.heads.count * core.queries, core.keys)
    // dQ = dS K, dK = dSᵀ Q
    send(
      1, q, core.shape(group, rows: core.queries, columns: core.headWidth, inner: core.keys),
      narrow, packed.key)
    send(2, k, toKeys, narrow, packed.query)
  }

  /// Runs `body` with memory for the packed heads of one group.
  private func withPackedHeads(_ core: AttentionCore, _ body: (PackedHeads) -> Void) {
    let length = core.groupHeadCount * core.headWidth * core.type.stride
    let (queries, keys) = (core.queries * length, core.keys * length)
    // Each part begins on a cache line.
    let sizes = [queries, keys, keys, queries, max(queries, keys)].map { ($0 + 63) / 64 * 64 }
    withBuffer(bytes: sizes.reduce(0, +)) { start in
      var places: [UnsafeMutableRawPointer] = []
      var place = start
      for size in sizes {
        places.append(place)
        place += size
      }
      body(
        PackedHeads(
          query: places[0], key: places[1], value: places[2], outGradient: places[3],
          result: places[4]))
    }
  }
}

/// Dense matrices `[heads, tokens, headWidth]` of one group.
///
/// oneDNN's fast path takes no strided heads: packing them makes the products 2–5 times as fast.
private struct PackedHeads {
  let query: UnsafeMutableRawPointer
  let key: UnsafeMutableRawPointer
  let value: UnsafeMutableRawPointer
  let outGradient: UnsafeMutableRawPointer
  let result: UnsafeMutableRawPointer
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

  /// Heads of the largest group, over all its images.
  var groupHeadCount: Int { groupBatch * groupHeads }

  /// Elements before a group in `[batch, heads, queries, keys]`.
  func scoreOffset(_ group: Group) -> Int {
    (group.batch.lowerBound * heads + group.heads.lowerBound) * queries * keys
  }

  /// Elements before a group in `[batch, tokens, …]` rows.
  private func offset(_ group: Group, _ tokens: Int, _ rowStride: Int) -> Int {
    group.batch.lowerBound * tokens * rowStride + group.heads.lowerBound * headWidth
  }

  private func heads(_ group: Group, _ tokens: Int, _ rowStride: Int) -> uk_heads {
    uk_heads(
      batch: group.batch.count, tokens: tokens, heads: group.heads.count, head_width: headWidth,
      batch_stride: tokens * rowStride, row_stride: rowStride)
  }

  /// Adds the scores of a group, image after image, to `[heads, queries, keys]`.
  func addScores(
    _ scores: UnsafeMutableRawPointer, _ group: Group, to sum: UnsafeMutablePointer<Float>
  ) {
    let count = group.heads.count * queries * keys
    let target = sum + group.heads.lowerBound * queries * keys
    for image in 0..<group.batch.count {
      uk_add(scores + image * count * type.stride, type.kernel, target, 1, count)
    }
  }

  /// Copies the heads of a group out of rows of tokens.
  func pack(
    _ rows: UnsafeMutableRawPointer, _ group: Group, _ tokens: Int, _ rowStride: Int,
    into packed: UnsafeMutableRawPointer
  ) {
    var extents = heads(group, tokens, rowStride)
    let start = rows + offset(group, tokens, rowStride) * type.stride
    uk_pack_heads(&extents, start, type.kernel, packed)
  }

  /// Copies or adds the heads of a group into rows of tokens.
  func unpack(
    _ packed: UnsafeMutableRawPointer, _ group: Group, _ tokens: Int, _ rowStride: Int,
    accumulates: Bool, into rows: UnsafeMutableRawPointer
  ) {
    var extents = heads(group, tokens, rowStride)
    let start = rows + offset(group, tokens, rowStride) * type.stride
    uk_unpack_heads(&extents, packed, type.kernel, accumulates ? 1 : 0, start)
  }

  /// A product of dense matrices for each head of a group.
  func shape(
    _ group: Group, rows: Int, columns: Int, inner: Int, transposesA: Bool = false,
    transposesB: Bool = false, cType: ElementType? = nil
  ) -> ProductShape {
    let count = group.batch.count * group.heads.count
    let layout = { (rows: Int, columns: Int, transposes: Bool) in
      MatrixLayout(
        batch0: count * rows * columns, batch1: rows * columns, row: transposes ? 1 : columns,
        column: transposes ? rows : 1)
    }
    return ProductShape(
      batch1: count, rows: rows, columns: columns, inner: inner,
      a: layout(rows, inner, transposesA), b: layout(inner, columns, transposesB),
      c: layout(rows, columns, false), aType: type, bType: type, cType: cType ?? type)
  }
}
