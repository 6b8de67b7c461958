import CKernels

/// Tokens of a batch as 16-bit floats, wherever they lie.
///
/// Nobody writes the tokens while they are used.
package struct BatchTokens: @unchecked Sendable {
  /// The first feature of example 0; nobody writes the tokens while they are used.
  let rows: UnsafePointer<UInt16>
  /// Where in `rows` each example is; nil when they follow each other.
  let indices: [Int32]?
  /// Number of examples.
  package let count: Int
  /// Tokens of an example.
  package let tokens: Int
  /// Features of a token.
  package let width: Int

  /// Tokens of `count` examples that follow each other from `rows` on; they must stay valid.
  package init(rows: UnsafePointer<UInt16>, count: Int, tokens: Int, width: Int) {
    (self.rows, indices) = (rows, nil)
    (self.count, self.tokens, self.width) = (count, tokens, width)
  }

  /// Some examples of tokens that follow each other.
  package init(_ all: BatchTokens, examples: [Int32]) {
    precondition(all.indices == nil, "examples of examples")
    (rows, indices) = (all.rows, examples)
    (count, tokens, width) = (examples.count, all.tokens, all.width)
  }

  /// Writes an example's tokens, each with mean 0 and variance 1.
  fileprivate func normalise(_ example: Int, epsilon: Float, to target: UnsafeMutablePointer<Float>)
  {
    let place = indices.map { Int($0[example]) } ?? example
    uk_normalized_from_half(rows + place * tokens * width, epsilon, target, tokens, width)
  }
}

extension Graph {
  /// Means of given tokens, weighted by their attention to directions that all examples share.
  ///
  /// `out[b, r] = Σ_t softmax_t(scale · x̂[b, t] · directions[r]) x̂[b, t]` with `x̂` the layer norm of the
  /// tokens without gain and bias. A cross-attention whose queries are the same for all examples is this
  /// with `W_kᵀ q` as directions, its value layer behind: keys and values of tokens need not be computed,
  /// so the cost per token does not grow with the square of the width. Tokens are normalised anew for the
  /// way back, some examples at a time, so that they are never in memory as floats.
  /// - Parameters:
  ///   - tokens: no gradient reaches them.
  ///   - directions: float32 `[rows, width]`.
  ///   - scale: of the scores.
  ///   - epsilon: of the layer norm.
  /// - Returns: float32 `[batch, rows, width]`.
  package func attentionPooled(
    _ tokens: BatchTokens, directions: Node, scale: Float, epsilon: Float
  ) -> Node {
    let (rows, width, length) = (directions.rows, tokens.width, tokens.tokens)
    precondition(directions.columns == width, "directions \(directions.shape), tokens of \(width)")
    let out = makeNode([tokens.count, rows, width], needsGradient: directions.needsGradient)
    let kept = out.needsGradient ? makeNode([tokens.count, length, rows]) : nil
    let scaled = makeNode(directions.shape)
    uk_scale(directions.data, scale, scaled.data, scaled.count)
    let pooling = AttentionPooling(tokens: tokens, rows: rows, epsilon: epsilon)
    let parts = pieces(of: tokens.count, least: 2)
    share(parts.count) { part, workspace in
      pooling.eachSlice(of: parts[part], workspace) { x, scores, slice in
        let scores = kept.map { $0.data + slice.lowerBound * length * rows } ?? scores
        multiply(
          pooling.scores(slice.count), x, scaled.raw, into: UnsafeMutableRawPointer(scores),
          in: workspace)
        for (index, example) in slice.enumerated() {
          let own = scores + index * length * rows
          uk_column_softmax(own, length, rows)
          multiply(
            pooling.means, own, x + index * length * width,
            into: UnsafeMutableRawPointer(out.data + example * rows * width), in: workspace)
        }
      }
    }
    if let kept {
      record { [self] in
        guard let d = out.gradient else { return }
        let sums = makeNode([parts.count, rows, width])
        share(parts.count) { part, workspace in
          let sum = sums.data + part * rows * width
          sum.update(repeating: 0, count: rows * width)
          pooling.eachSlice(of: parts[part], workspace) { x, scores, slice in
            for (index, example) in slice.enumerated() {
              let own = scores + index * length * rows
              multiply(
                pooling.scores(1), x + index * length * width, d + example * rows * width,
                into: UnsafeMutableRawPointer(own), in: workspace)
              uk_column_softmax_backward(
                kept.data + example * length * rows, own, length, rows)
            }
            multiply(
              pooling.directions(slice.count), scores, x, into: UnsafeMutableRawPointer(sum),
              in: workspace)
          }
        }
        for part in 1..<max(parts.count, 1) {
          uk_add(sums.data + part * rows * width, uk_float32, sums.data, 1, rows * width)
        }
        uk_scale(sums.data, scale, sums.data, rows * width)
        addGradient(sums.raw, .float32, to: directions)
      }
    }
    return out
  }
}

/// Extents of an attention pooling, and its division into slices that fit the second-level cache.
private struct AttentionPooling {
  let tokens: BatchTokens
  let rows: Int
  let epsilon: Float

  /// Bytes of normalised tokens that pass together.
  private static let sliceBytes = 400_000

  /// Runs `body` on slices of examples, with their normalised tokens and memory for their scores.
  func eachSlice(
    of range: Range<Int>, _ workspace: Workspace,
    _ body: (
      _ x: UnsafeMutablePointer<Float>, _ scores: UnsafeMutablePointer<Float>, Range<Int>
    ) -> Void
  ) {
    let length = tokens.tokens * tokens.width
    let most = max(1, Self.sliceBytes / max(1, length * 4))
    let bytes = (most * (length + tokens.tokens * rows)) * 4
    let memory = workspace.take(bytes)
    defer { workspace.give(memory, bytes) }
    let x = memory.assumingMemoryBound(to: Float.self)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: most) {
      let slice = start..<min(start + most, range.upperBound)
      for (index, example) in slice.enumerated() {
        tokens.normalise(example, epsilon: epsilon, to: x + index * length)
      }
      body(x, x + most * length, slice)
    }
  }

  /// Scores, or their gradients, of all tokens of some examples: tokens times directions.
  func scores(_ examples: Int) -> ProductShape {
    ProductShape(
      rows: examples * tokens.tokens, columns: rows, inner: tokens.width,
      a: .init(row: tokens.width, column: 1), b: .init(row: 1, column: tokens.width),
      c: .init(row: rows, column: 1))
  }

  /// Weighted means of one example's tokens.
  var means: ProductShape {
    ProductShape(
      rows: rows, columns: tokens.width, inner: tokens.tokens, a: .init(row: 1, column: rows),
      b: .init(row: tokens.width, column: 1), c: .init(row: tokens.width, column: 1))
  }

  /// Gradients of the directions from those of the scores of some examples.
  func directions(_ examples: Int) -> ProductShape {
    ProductShape(
      rows: rows, columns: tokens.width, inner: examples * tokens.tokens,
      a: .init(row: 1, column: rows), b: .init(row: tokens.width, column: 1),
      c: .init(row: tokens.width, column: 1), addition: .accumulate)
  }
}
