import CKernels

extension Graph {
  /// How much one token attends to each: `softmax(q kᵀ / √headWidth + bias)` of one query.
  ///
  /// - Parameters:
  ///   - qkv: `[batch, tokens, 3 × width]`, as one projection writes it.
  ///   - heads: must divide the width.
  ///   - query: the token.
  ///   - bias: added to the scores, float32 `[heads, tokens, tokens]`.
  /// - Returns: float32 `[batch, heads, tokens]`; it is not differentiated.
  package func attentionWeights(_ qkv: Node, heads: Int, query: Int, bias: Node? = nil) -> Node {
    let (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
    precondition(width % heads == 0, "\(heads) heads do not divide width \(width)")
    let values = converted(qkv, to: .float32)
    let headWidth = width / heads
    let out = makeNode([batch, heads, tokens])
    let scale = 1 / Float(headWidth).squareRoot()
    for image in 0..<batch {
      let first = values.data + image * tokens * 3 * width
      for head in 0..<heads {
        let q = first + query * 3 * width + head * headWidth
        let scores = out.data + (image * heads + head) * tokens
        for token in 0..<tokens {
          let k = first + token * 3 * width + width + head * headWidth
          scores[token] = (0..<headWidth).reduce(0) { $0 + q[$1] * k[$1] }
        }
        let offsets = bias.map { UnsafePointer($0.data + (head * tokens + query) * tokens) }
        uk_softmax(scores, scale, offsets, 1, scores, uk_float32, 1, tokens)
      }
    }
    return out
  }
}
