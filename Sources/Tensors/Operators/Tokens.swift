import CKernels

/// Where each row of a token sequence comes from.
package struct TokenPlan: Sendable {
  /// `[batch × tokens]`: a row of the same image's input, or `learned(…)`.
  package var sources: [Int32]
  /// `[batch × tokens]`: the row of the position table that is added, or `noPosition`.
  package var positions: [Int32]
  /// Rows of one image in the result.
  package var tokens: Int

  /// A plan for `tokens` rows an image.
  package init(sources: [Int32], positions: [Int32], tokens: Int) {
    precondition(
      sources.count == positions.count && sources.count % max(tokens, 1) == 0,
      "a token plan's lists differ in length")
    self.sources = sources
    self.positions = positions
    self.tokens = tokens
  }

  /// The source that stands for row `row` of learned parameter `index`.
  package static func learned(_ index: Int, row: Int = 0) -> Int32 {
    Int32(-1 - index - (row << 8))
  }

  /// The position of a token to which no position is added.
  package static let noPosition: Int32 = -1

  /// The learned parameter and its row behind a negative source.
  static func learnedRow(_ source: Int) -> (index: Int, row: Int) {
    ((-1 - source) & 0xff, (-1 - source) >> 8)
  }
}

extension Graph {
  /// The patches of images as rows, ready for a product with `[width, channels × patch × patch]`.
  ///
  /// - Parameters:
  ///   - images: float32 `[batch, channels, height, width]`; no gradient reaches them.
  ///   - patch: side of a patch, in pixels.
  ///   - order: raster indices of the wanted patches, `[batch × count]`; all when nil.
  ///   - output: the type of the result; the compute type when nil.
  /// - Returns: `[batch, count, channels × patch × patch]`.
  package func patches(
    _ images: Node, patch: Int, order: [Int32]? = nil, output: ElementType? = nil
  ) -> Node {
    let (batch, channels, height, width) = (
      images.shape[0], images.shape[1], images.shape[2], images.shape[3]
    )
    let all = (height / patch) * (width / patch)
    let count = order.map { $0.count / max(batch, 1) } ?? all
    let length = channels * patch * patch
    let type = output ?? precision.computeType
    let out = makeNode([batch, count, length], type)
    for image in 0..<batch {
      let start = images.data + image * channels * height * width
      let target = out.raw + image * count * length * type.stride
      if let order {
        order.withUnsafeBufferPointer { list in
          uk_patches(
            start, channels, height, width, patch, list.baseAddress.map { $0 + image * count },
            count, target, type.kernel)
        }
      } else {
        uk_patches(start, channels, height, width, patch, nil, count, target, type.kernel)
      }
    }
    return out
  }

  /// Builds token sequences from input rows, learned tokens (class, mask) and positions.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, rows, width]`.
  ///   - learned: at most 256 parameters whose rows of `width` elements the plan refers to.
  ///   - table: positions `[…, width]`; nothing is added when nil.
  ///   - plan: which row goes where.
  /// - Returns: float32 `[batch, plan.tokens, width]`.
  package func tokens(_ x: Node, learned: [Parameter], positions table: Parameter?, plan: TokenPlan)
    -> Node
  {
    let tableGradient = gradient(of: table)
    return tokens(
      x, learned, table.map { UnsafePointer($0.data) }, tableGradient.map { found in { found } },
      plan)
  }

  /// Builds token sequences as above, with positions that were computed.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, rows, width]`.
  ///   - learned: at most 256 parameters whose rows of `width` elements the plan refers to.
  ///   - table: positions, float32 `[…, width]`; nothing is added when nil.
  ///   - plan: which row goes where.
  /// - Returns: float32 `[batch, plan.tokens, width]`.
  package func tokens(_ x: Node, learned: [Parameter], positions table: Node?, plan: TokenPlan)
    -> Node
  {
    let target = { (table: Node) -> UnsafeMutablePointer<Float> in
      let (pointer, accumulates) = table.gradientTarget()
      let sum = pointer.assumingMemoryBound(to: Float.self)
      if !accumulates { sum.update(repeating: 0, count: table.count) }
      return sum
    }
    let needsGradient = table?.needsGradient == true
    return tokens(
      x, learned, table.map { UnsafePointer($0.data) },
      needsGradient ? table.map { table in { target(table) } } : nil, plan)
  }

  /// Builds token sequences; `tableTarget` gives where the gradient of the table is added.
  private func tokens(
    _ x: Node, _ learned: [Parameter], _ table: UnsafePointer<Float>?,
    _ tableTarget: (() -> UnsafeMutablePointer<Float>)?, _ plan: TokenPlan
  ) -> Node {
    let (batch, inputRows, width) = (x.shape[0], x.shape[1], x.shape[2])
    precondition(
      plan.sources.count == batch * plan.tokens, "a token plan does not fit a batch of \(batch)")
    let learnedGradients = learned.map { gradient(of: $0) }
    let out = makeNode(
      [batch, plan.tokens, width],
      needsGradient: x.needsGradient || tableTarget != nil
        || learnedGradients.contains { $0 != nil })
    for row in 0..<plan.sources.count {
      let (source, position) = (Int(plan.sources[row]), Int(plan.positions[row]))
      let from: UnsafeMutablePointer<Float>
      if source >= 0 {
        from = x.data + (row / plan.tokens * inputRows + source) * width
      } else {
        let token = TokenPlan.learnedRow(source)
        from = learned[token.index].data + token.row * width
      }
      let to = out.data + row * width
      if let table, position >= 0 {
        uk_add_rows(from, table + position * width, 1, to, 1, width)
      } else {
        to.update(from: from, count: width)
      }
    }
    if out.needsGradient {
      record {
        guard let d = out.gradient else { return }
        let tableGradient = tableTarget?()
        var target: UnsafeMutablePointer<Float>?
        if x.needsGradient {
          let (pointer, accumulates) = x.gradientTarget()
          let floats = pointer.assumingMemoryBound(to: Float.self)
          if !accumulates { floats.update(repeating: 0, count: x.count) }
          target = floats
        }
        for row in 0..<plan.sources.count {
          let (source, position) = (Int(plan.sources[row]), Int(plan.positions[row]))
          let from = d + row * width
          if let tableGradient, position >= 0 {
            uk_add(from, uk_float32, tableGradient + position * width, 1, width)
          }
          if source < 0 {
            let token = TokenPlan.learnedRow(source)
            if let gradient = learnedGradients[token.index] {
              uk_add(from, uk_float32, gradient + token.row * width, 1, width)
            }
          } else if let target {
            let place = (row / plan.tokens * inputRows + source) * width
            uk_add(from, uk_float32, target + place, 1, width)
          }
        }
      }
    }
    return out
  }

  /// Rows of each image, gathered.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, rows, width]`.
  ///   - indices: `[batch × count]`, rows of the same image; repetitions are allowed.
  /// - Returns: float32 `[batch, count, width]`.
  package func gathered(_ x: Node, at indices: [Int32]) -> Node {
    let count = indices.count / max(x.shape[0], 1)
    let plan = TokenPlan(
      sources: indices, positions: [Int32](repeating: 0, count: indices.count), tokens: count)
    return tokens(x, learned: [], positions: Parameter?.none, plan: plan)
  }

  /// The mean over a range of each image's tokens.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, tokens, width]`.
  ///   - range: which tokens; not empty.
  /// - Returns: float32 `[batch, width]`.
  package func mean(_ x: Node, tokens range: Range<Int>) -> Node {
    let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
    precondition(!range.isEmpty && range.upperBound <= tokens, "no tokens \(range) among \(tokens)")
    let out = makeNode([batch, width], needsGradient: x.needsGradient)
    let share = 1 / Float(range.count)
    for image in 0..<batch {
      let to = out.data + image * width
      to.update(repeating: 0, count: width)
      uk_column_sums(
        x.data + (image * tokens + range.lowerBound) * width, uk_float32, to, range.count, width)
      uk_scale(to, share, to, width)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        let (pointer, accumulates) = x.gradientTarget()
        let target = pointer.assumingMemoryBound(to: Float.self)
        if !accumulates { target.update(repeating: 0, count: x.count) }
        withBuffer(bytes: width * 4) { buffer in
          let part = buffer.assumingMemoryBound(to: Float.self)
          for image in 0..<batch {
            uk_scale(d + image * width, share, part, width)
            for token in range {
              uk_add(part, uk_float32, target + (image * tokens + token) * width, 1, width)
            }
          }
        }
      }
    }
    return out
  }
}
