import Support

/// The second phase of a step whose loss needs all examples: the loss of the gathered embeddings and its gradients.
///
/// Each lane's anchors are a computation of their own; their gradients are summed as the lanes' are, as a binary tree,
/// so neither threads nor processes change a bit. The memory is that of the embeddings, once a lane.
/// Each worker computes in a workspace of its own.
struct BatchMeeting: @unchecked Sendable {
  /// The loss, and the gradient of each example's embeddings side by side, `[batch × sum of widths]`.
  struct Outcome {
    let loss: Double
    let gradient: [Float]
  }

  let batch: Int
  /// The examples of this process's lanes.
  let lanes: [Range<Int>]
  let collectives: any Collectives
  let pool: WorkerPool
  let workspaces: [Workspace]
  let body: BatchLossBody

  /// Computes the loss.
  ///
  /// - Parameters:
  ///   - rows: the embeddings of each example of the batch side by side.
  ///   - widths: of the embeddings.
  /// - Returns: the loss and its gradient.
  func outcome(of rows: [Float], widths: [Int]) -> Outcome {
    let stride = widths.reduce(0, +)
    precondition(rows.count == batch * stride, "embeddings of another batch")
    let parts = pool.map(lanes.count) { lane, worker -> (Double, [Float]) in
      share(of: lanes[lane], rows, widths, stride, workspaces[worker])
    }
    var gradient = treeSum(parts.map(\.1))
    gradient.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { collectives.sum(base, count: buffer.count) }
    }
    let loss = collectives.gather(parts.map(\.0)).reduce(0, +)
    return Outcome(loss: loss, gradient: gradient)
  }

  /// One lane's share of the loss, and the gradient of all embeddings.
  private func share(
    of anchors: Range<Int>, _ rows: [Float], _ widths: [Int], _ stride: Int, _ workspace: Workspace
  ) -> (Double, [Float]) {
    let graph = Graph(workspace: workspace, precision: .fp32, gradients: [])
    var start = 0
    let nodes = widths.map { width -> Node in
      defer { start += width }
      return graph.variable(
        [batch, width],
        (0..<batch).flatMap { rows[$0 * stride + start..<$0 * stride + start + width] })
    }
    let loss = anchors.isEmpty ? 0 : body(graph, anchors, nodes)
    graph.backward()
    var gradient = [Float](repeating: 0, count: rows.count)
    start = 0
    for node in nodes {
      if let values = node.gradient {
        for example in 0..<batch {
          for column in 0..<node.columns {
            gradient[example * stride + start + column] = values[example * node.columns + column]
          }
        }
      }
      start += node.columns
    }
    return (loss, gradient)
  }

  /// Sums arrays in neighbouring pairs, then pairs of pairs.
  private func treeSum(_ parts: [[Float]]) -> [Float] {
    var level = parts
    while level.count > 1 {
      level = stride(from: 0, to: level.count, by: 2).map { first in
        guard first + 1 < level.count else { return level[first] }
        return zip(level[first], level[first + 1]).map { $0 + $1 }
      }
    }
    return level.first ?? []
  }
}

extension Terms {
  /// The embeddings of each example side by side.
  func packedRows() -> [Float] {
    guard let first = embeddings.first else { return [] }
    let arrays = embeddings.map { ($0.columns, $0.array) }
    return (0..<first.rows).flatMap { row in
      arrays.flatMap { width, values in values[row * width..<(row + 1) * width] }
    }
  }

  /// Starts the backward pass at the embeddings, with gradients of this slice's examples, packed as the rows.
  func seed(_ gradient: ArraySlice<Float>, in graph: Graph) {
    let stride = embeddings.reduce(0) { $0 + $1.columns }
    var start = gradient.startIndex
    for node in embeddings {
      graph.seed(
        node,
        gradient: (0..<node.rows).flatMap { row -> ArraySlice<Float> in
          gradient[start + row * stride..<start + row * stride + node.columns]
        })
      start += node.columns
    }
  }
}
