import CKernels
import Foundation
import Support

/// Runs a batch in slices on all workers and sums gradients in an order that no thread count changes.
///
/// The batch is cut into a fixed number of accumulation lanes, a lane into slices that fit the
/// cache. One worker runs a lane's slices in order and adds to the lane's own gradient buffer; the
/// lanes are summed as a fixed binary tree. Lanes, neither threads nor processes, decide the rounding.
///
/// Networks with batch norm need the whole batch at each of their layers: there every lane is one slice, and all
/// lanes are under way at once, with memory for their activations and gradients.
package final class DataParallel: @unchecked Sendable {
  /// How many lanes the batch is cut into; also the largest number of workers that help.
  package let lanes: Int
  /// What matrix products read.
  package let precision: Precision
  package let pool: WorkerPool
  private let stores: [ParameterStore]
  private let collectives: any Collectives
  private let workspaces: [Workspace]
  /// The lanes of this process, and their sum.
  private let ownLanes: Range<Int>
  private let tree: LaneTree
  /// A thread and a workspace a lane, for lanes that meet; nil where none has to.
  private let meetingPool: WorkerPool?
  private let meetingWorkspaces: [Workspace]

  /// Elements of a flat buffer that one job reduces or updates.
  static let chunk = 1 << 15

  /// Prepares to train `stores`; with none, to run networks forward only.
  ///
  /// - Parameters:
  ///   - pool: the workers of this process.
  ///   - stores: what is trained.
  ///   - lanes: of the whole batch; with several processes, a power of two that is not below their number.
  ///   - precision: what matrix products read.
  ///   - collectives: the processes that share the batch.
  package init(
    pool: WorkerPool, stores: [ParameterStore] = [], lanes: Int = 8, precision: Precision,
    collectives: any Collectives = SingleProcess()
  ) {
    let (rank, size) = (collectives.rank, collectives.size)
    precondition(
      size == 1 || lanes & (lanes - 1) == 0 && lanes % size == 0,
      "\(lanes) lanes are no power of two that \(size) processes share")
    self.pool = pool
    self.stores = stores
    self.lanes = lanes
    self.precision = precision
    self.collectives = collectives
    ownLanes = lanes * rank / size..<lanes * (rank + 1) / size
    workspaces = (0..<pool.threads).map { _ in Workspace() }
    // The flat buffers are made on first use, which several workers would race for.
    for store in stores { store.allocate() }
    tree = LaneTree(stores: stores, lanes: ownLanes.count)
    let meets = stores.contains { !$0.runningStatistics.isEmpty }
    meetingPool = meets ? WorkerPool(threads: ownLanes.count) : nil
    meetingWorkspaces = meets ? ownLanes.map { _ in Workspace() } : []
  }

  deinit { meetingPool?.close() }

  /// How many lanes suit a batch: a power of two, so that processes can share them.
  ///
  /// Each lane's gradients are summed once a step, so lanes of few examples cost time; more than 64 help
  /// no machine of today. Up to 8 lanes have 8 examples or more, further ones 32 or more.
  package static func usualLanes(batch: Int) -> Int {
    let most = min(64, max(2, min(8, batch / 8), batch / 32))
    return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
  }

  /// Buffers of gradients that were made beside the stores' own; they grow with the workers.
  package var gradientBuffers: Int { tree.bufferCount }

  /// Bytes that the workers hold for activations.
  package var workspaceBytes: Int {
    (workspaces + meetingWorkspaces).reduce(0) { $0 + $1.reservedBytes }
  }

  /// Computes the loss and the gradients of one batch.
  ///
  /// - Parameters:
  ///   - batch: number of examples.
  ///   - slice: at most this many examples pass through the network together; with batch norm a whole lane does.
  ///   - body: computes the loss of a range of examples, its terms already weighted for the whole
  ///     batch; called on any worker.
  /// - Returns: the sum of the losses, in the order of the examples.
  /// - Throws: the error of the first range that failed.
  package func step(
    batch: Int, slice: Int, _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Double
  ) throws -> Double {
    try step(batch: batch, slice: slice, combining: nil) { Terms(loss: try body($0, $1)) }
  }

  /// Computes the loss and the gradients of one batch, of which a part may need all examples at once.
  ///
  /// Where there is such a part, slices run twice: first to get the embeddings, then, with the gradients that the
  /// loss of all embeddings gives them, forwards and backwards; so the memory does not grow with the batch beyond the
  /// embeddings. Networks with batch norm, whose lanes are all under way, run once.
  /// - Parameters:
  ///   - batch: number of examples.
  ///   - slice: at most this many examples pass through the network together; with batch norm a whole lane does.
  ///   - combining: the loss over the whole batch; nil when all of the loss is the slices' own.
  ///   - body: computes the terms of a range of examples, weighted for the whole batch; called on any
  ///     worker, and must give the same when it is called again.
  /// - Returns: the loss.
  /// - Throws: the error of the first range that failed.
  package func step(
    batch: Int, slice: Int, combining: BatchLossBody?,
    _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Terms
  ) throws -> Double {
    for store in stores { store.holdWeights() }
    defer { for store in stores { store.releaseWeights() } }
    tree.begin()
    let meeting = combining.map {
      BatchMeeting(
        batch: batch, lanes: ownLanes.indices.map { laneRange($0 - ownLanes.lowerBound, batch) },
        collectives: collectives, pool: pool, workspaces: workspaces, body: $0)
    }
    let (losses, shared) =
      try meetingPool.map { try meet(batch, meeting, on: $0, body) }
      ?? apart(batch, slice, meeting, body)
    tree.sum(pool: pool)
    for store in stores { collectives.sum(store.gradient, count: store.extent) }
    for store in stores { store.absorbRunningStatistics() }
    return collectives.gather(losses).reduce(0, +) + shared
  }

  /// Runs the lanes one after the other on each worker, each in slices.
  private func apart(
    _ batch: Int, _ slice: Int, _ meeting: BatchMeeting?,
    _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Terms
  ) throws -> ([Double], Double) {
    let outcome = try meeting.map { try gathered(batch, slice, $0, body) }
    let losses = try pool.map(ownLanes.count) { [self] lane, worker in
      let buffers = tree.buffers(of: lane)
      var loss = 0.0
      for range in slices(of: laneRange(lane, batch), slice) {
        loss += try run(range, workspaces[worker], buffers, nil, body) { _ in
          guard let outcome else { return nil }
          let width = outcome.gradient.count / batch
          return outcome.gradient[range.lowerBound * width..<range.upperBound * width]
        }
      }
      tree.finish(lane, buffers)
      return loss
    }
    return (losses, outcome?.loss ?? 0)
  }

  /// The first of two phases: runs all slices forwards for their embeddings, and the loss of these.
  private func gathered(
    _ batch: Int, _ slice: Int, _ meeting: BatchMeeting,
    _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Terms
  ) throws -> BatchMeeting.Outcome {
    let parts = try pool.map(ownLanes.count) { [self] lane, worker in
      try slices(of: laneRange(lane, batch), slice).map { range -> ([Int], [Float]) in
        // With a buffer for gradients, so that the networks run as they will in the second phase.
        let graph = Graph(
          workspace: workspaces[worker], precision: precision,
          gradients: stores.map { (store: $0, buffer: $0.gradient) })
        defer { graph.discard() }
        let terms = try body(graph, range)
        return (terms.embeddings.map(\.columns), terms.packedRows())
      }
    }.flatMap { $0 }
    let rows = collectives.gather(parts.flatMap { $0.1.map(Double.init) }).map { Float($0) }
    return meeting.outcome(of: rows, widths: parts.first?.0 ?? [])
  }

  /// Runs all lanes side by side, so that they can meet; each is one slice.
  private func meet(
    _ batch: Int, _ embeddings: BatchMeeting?, on lanePool: WorkerPool,
    _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Terms
  ) throws -> ([Double], Double) {
    // Lanes without examples stay away.
    let present = (0..<ownLanes.count).map { laneRange($0, batch) }.filter { !$0.isEmpty }
    let meeting = LaneMeeting(
      lanes: present.count, workers: pool.threads, collectives: collectives)
    for absent in present.count..<ownLanes.count { tree.finish(absent, tree.buffers(of: absent)) }
    let losses = try lanePool.map(present.count) { [self] lane, _ in
      try meeting.attend(lane) { seat in
        let (buffers, range) = (tree.buffers(of: lane), present[lane])
        let loss = try run(range, meetingWorkspaces[lane], buffers, seat, body) { terms in
          embeddings.map { seat.gradient(of: terms, in: range, at: $0) }
        }
        tree.finish(lane, buffers)
        return loss
      }
    }
    return (losses, meeting.batchLoss)
  }

  /// Runs a range of examples forwards and backwards.
  ///
  /// `slope` gives the gradient of its embeddings; nil where all of the loss is its own.
  /// - Returns: its share of the loss.
  private func run(
    _ range: Range<Int>, _ workspace: Workspace, _ gradients: [UnsafeMutablePointer<Float>],
    _ seat: LaneMeeting.Seat?, _ body: (Graph, Range<Int>) throws -> Terms,
    slope: (Terms) -> ArraySlice<Float>?
  ) rethrows -> Double {
    let graph = Graph(
      workspace: workspace, precision: precision,
      gradients: zip(stores, gradients).map { (store: $0, buffer: $1) }, seat: seat)
    // The tape refers to the graph: without this an error would keep both alive.
    defer { graph.discard() }
    let terms = try body(graph, range)
    if let gradient = slope(terms) { terms.seed(gradient, in: graph) }
    graph.backward()
    return terms.loss
  }

  /// Runs a network forward over examples, in slices, in any order.
  ///
  /// - Parameters:
  ///   - count: number of examples.
  ///   - slice: at most this many examples pass through together.
  ///   - body: called on any worker, once for each range.
  /// - Throws: the error of the first range that failed.
  package func forEachSlice(
    of count: Int, slice: Int, _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Void
  ) throws {
    let ranges = slices(of: 0..<count, slice)
    _ = try pool.map(ranges.count) { [self] index, worker in
      try body(Graph(workspace: workspaces[worker], precision: precision), ranges[index])
    }
  }

  /// Returns the workers' unused memory to the system.
  package func trim() { for workspace in workspaces + meetingWorkspaces { workspace.trim() } }

  /// The Euclidean norm of all gradients, after `step`.
  package func gradientNorm() -> Double {
    var sum = 0.0
    for store in stores {
      let jobs = chunks(of: store.extent)
      let parts = pool.map(jobs.count) { job -> Double in
        uk_sum_squares(store.gradient + jobs[job].lowerBound, jobs[job].count)
      }
      sum = parts.reduce(sum, +)
    }
    return sum.squareRoot()
  }

  /// Multiplies all gradients, for clipping by global norm.
  package func scaleGradients(by factor: Float) {
    for store in stores {
      let jobs = chunks(of: store.extent)
      pool.run(jobs.count) { job, _ in
        let start = store.gradient + jobs[job].lowerBound
        uk_scale(start, factor, start, jobs[job].count)
      }
    }
  }

  /// The examples of one of this process's lanes.
  private func laneRange(_ own: Int, _ batch: Int) -> Range<Int> {
    let lane = ownLanes.lowerBound + own
    return batch * lane / lanes..<batch * (lane + 1) / lanes
  }

  private func slices(of range: Range<Int>, _ slice: Int) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: max(slice, 1)).map {
      $0..<min($0 + max(slice, 1), range.upperBound)
    }
  }
}
