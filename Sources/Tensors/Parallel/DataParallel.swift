import CKernels
import Foundation

/// Runs a batch in slices on all workers and sums gradients in an order that no thread count changes.
///
/// The batch is cut into a fixed number of accumulation lanes, a lane into slices that fit the
/// cache. One worker runs a lane's slices in order and adds to the lane's own gradient buffer; the
/// lanes are then summed in their order. Lanes, not threads, decide the rounding.
package final class DataParallel: @unchecked Sendable {
  /// How many lanes the batch is cut into; also the largest number of workers that help.
  package let lanes: Int
  /// What matrix products read.
  package let precision: Precision
  package let pool: WorkerPool
  private let stores: [ParameterStore]
  private let workspaces: [Workspace]
  private var laneGradients: [[UnsafeMutablePointer<Float>]] = []

  /// Elements of a flat buffer that one job reduces or updates.
  static let chunk = 1 << 15

  /// Prepares to train `stores`; with none, to run networks forward only.
  package init(
    pool: WorkerPool, stores: [ParameterStore] = [], lanes: Int = 8, precision: Precision
  ) {
    self.pool = pool
    self.stores = stores
    self.lanes = lanes
    self.precision = precision
    workspaces = (0..<pool.threads).map { _ in Workspace() }
    // The flat buffers are made on first use, which several workers would race for.
    for store in stores { store.allocate() }
    laneGradients = (0..<lanes).map { _ in stores.map { allocateAligned($0.extent) } }
  }

  deinit { for lane in laneGradients { for buffer in lane { free(buffer) } } }

  /// Bytes that the workers hold for activations.
  package var workspaceBytes: Int { workspaces.reduce(0) { $0 + $1.reservedBytes } }

  /// Computes the loss and the gradients of one batch.
  ///
  /// - Parameters:
  ///   - batch: number of examples.
  ///   - slice: at most this many examples pass through the network together.
  ///   - body: computes the loss of a range of examples, its terms already weighted for the whole
  ///     batch; called on any worker.
  /// - Returns: the sum of the losses, in the order of the examples.
  /// - Throws: the error of the first range that failed.
  package func step(
    batch: Int, slice: Int, _ body: @escaping @Sendable (Graph, Range<Int>) throws -> Double
  ) throws -> Double {
    for store in stores { store.holdWeights() }
    defer { for store in stores { store.releaseWeights() } }
    let outcomes = Outcomes(count: lanes)
    pool.run(lanes) { [self] lane, worker in
      let buffers = laneGradients[lane]
      for (store, buffer) in zip(stores, buffers) {
        buffer.update(repeating: 0, count: store.extent)
      }
      let trained = zip(stores, buffers).map { (store: $0, buffer: $1) }
      outcomes[lane] = Result {
        var loss = 0.0
        for range in slices(of: laneRange(lane, batch), slice) {
          let graph = Graph(
            workspace: workspaces[worker], precision: precision, gradients: trained)
          // The tape refers to the graph: without this an error would keep both alive.
          defer { graph.discard() }
          loss += try body(graph, range)
          graph.backward()
        }
        return loss
      }
    }
    let loss = try outcomes.values.reduce(0) { try $0 + $1.get() }
    reduceLanes()
    for store in stores { store.absorbRunningStatistics() }
    return loss
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
    let outcomes = Outcomes(count: ranges.count)
    pool.run(ranges.count) { [self] index, worker in
      outcomes[index] = Result {
        try body(Graph(workspace: workspaces[worker], precision: precision), ranges[index])
        return 0
      }
    }
    for outcome in outcomes.values { _ = try outcome.get() }
  }

  /// Returns the workers' unused memory to the system.
  package func trim() { for workspace in workspaces { workspace.trim() } }

  /// The Euclidean norm of all gradients, after `step`.
  package func gradientNorm() -> Double {
    var sum = 0.0
    for store in stores {
      let jobs = chunks(store.extent)
      let parts = Outcomes(count: jobs.count)
      pool.run(jobs.count) { job, _ in
        parts[job] = .success(
          uk_sum_squares(store.gradient + jobs[job].lowerBound, jobs[job].count))
      }
      for part in parts.values { sum += (try? part.get()) ?? 0 }
    }
    return sum.squareRoot()
  }

  /// Multiplies all gradients, for clipping by global norm.
  package func scaleGradients(by factor: Float) {
    for store in stores {
      let jobs = chunks(store.extent)
      pool.run(jobs.count) { job, _ in
        let start = store.gradient + jobs[job].lowerBound
        uk_scale(start, factor, start, jobs[job].count)
      }
    }
  }

  private func reduceLanes() {
    for (index, store) in stores.enumerated() {
      // Read by all jobs, written by none; the destination's ranges are disjoint.
      nonisolated(unsafe) let lanes = laneGradients.map { $0[index] }
      let jobs = chunks(store.extent)
      pool.run(jobs.count) { job, _ in
        let range = jobs[job]
        let parts = lanes.map { Optional($0 + range.lowerBound) }
        uk_sum_lanes(parts, parts.count, 1, store.gradient + range.lowerBound, range.count)
      }
    }
  }

  private func laneRange(_ lane: Int, _ batch: Int) -> Range<Int> {
    batch * lane / lanes..<batch * (lane + 1) / lanes
  }

  private func slices(of range: Range<Int>, _ slice: Int) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: max(slice, 1)).map {
      $0..<min($0 + max(slice, 1), range.upperBound)
    }
  }

  private func chunks(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Self.chunk).map { $0..<min($0 + Self.chunk, count) }
  }
}

/// One result a job, written by whichever worker ran it; each place is written once.
private final class Outcomes: @unchecked Sendable {
  private let storage: UnsafeMutableBufferPointer<Result<Double, any Error>>

  init(count: Int) {
    storage = .allocate(capacity: count)
    storage.initialize(repeating: .success(0))
  }

  deinit {
    storage.deinitialize()
    storage.deallocate()
  }

  var values: [Result<Double, any Error>] { Array(storage) }

  subscript(index: Int) -> Result<Double, any Error> {
    get { storage[index] }
    set { storage[index] = newValue }
  }
}
