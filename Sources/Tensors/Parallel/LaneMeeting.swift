import Foundation

/// Where the lanes of a step meet while it is under way, to know sums over the whole batch.
///
/// Each lane runs on a thread of its own, of which at most as many as there are workers go on at once; who has come
/// to a meeting sleeps until all have. All lanes must come to the same meetings in the same order. What they
/// bring is combined in the order of the lanes, so neither threads nor processes change a bit.
final class LaneMeeting: @unchecked Sendable {
  private let lanes: Int
  private let workers: Int
  private let collectives: any Collectives
  // All of the following is guarded by `condition`.
  private let condition = NSCondition()
  private var running = 0
  private var brought: [Int: [Double]] = [:]
  private var outcome: [[Double]] = []
  private var round = 0
  private var shared: BatchMeeting.Outcome?
  private var isAbandoned = false

  /// A meeting of `lanes` lanes, of which `workers` run at once.
  init(lanes: Int, workers: Int, collectives: any Collectives) {
    self.lanes = lanes
    self.workers = workers
    self.collectives = collectives
  }

  /// Runs the work of a lane when a worker is free.
  ///
  /// An error ends the meeting: the other lanes go on alone, to their end.
  func attend<Result>(_ lane: Int, _ body: (Seat) throws -> Result) rethrows -> Result {
    condition.lock()
    waitForWorker()
    condition.unlock()
    defer {
      condition.lock()
      leave()
      condition.unlock()
    }
    do { return try body(Seat(meeting: self, lane: lane)) } catch {
      condition.lock()
      isAbandoned = true
      condition.broadcast()
      condition.unlock()
      throw error
    }
  }

  /// The loss over the whole batch, when the lanes met for one.
  var batchLoss: Double { condition.withLock { shared?.loss ?? 0 } }

  /// What all lanes bring, of all processes in their order; waits for them.
  fileprivate func gather(_ lane: Int, _ values: [Double]) -> [[Double]] {
    let width = values.count
    let met = meet(lane, values) { [self] all in
      outcome = stride(from: 0, to: all.count, by: max(width, 1)).map {
        Array(all[$0..<$0 + width])
      }
    } result: { [self] in
      outcome
    }
    return met ?? [values]
  }

  /// The gradient of the loss over the embeddings of all lanes; nil when the meeting has ended.
  fileprivate func gradient(_ lane: Int, _ terms: Terms, at meeting: BatchMeeting) -> [Float]? {
    let widths = terms.embeddings.map(\.columns)
    return meet(lane, terms.packedRows().map(Double.init)) { [self] all in
      shared = meeting.outcome(of: all.map { Float($0) }, widths: widths)
    } result: { [self] in
      shared?.gradient ?? []
    }
  }

  /// Waits until all lanes have brought something, of which the last to come makes something.
  ///
  /// - Parameters:
  ///   - lane: who comes.
  ///   - values: what it brings.
  ///   - conclude: receives what was brought, of all processes in the order of their lanes; called once, with the lock.
  ///   - result: what each lane takes away; called with the lock.
  /// - Returns: the result; nil when the meeting has ended.
  private func meet<Result>(
    _ lane: Int, _ values: [Double], conclude: ([Double]) -> Void, result: () -> Result
  ) -> Result? {
    condition.lock()
    defer { condition.unlock() }
    guard !isAbandoned else { return nil }
    let mine = round
    brought[lane] = values
    leave()
    if brought.count == lanes {
      conclude(collectives.gather((0..<lanes).flatMap { brought[$0] ?? [] }))
      brought = [:]
      round += 1
      condition.broadcast()
    }
    while round == mine && !isAbandoned { condition.wait() }
    let taken = round == mine ? nil : result()
    waitForWorker()
    return taken
  }

  private func waitForWorker() {
    while running >= workers { condition.wait() }
    running += 1
  }

  private func leave() {
    running -= 1
    condition.broadcast()
  }

  /// A lane's place at the meeting.
  struct Seat {
    let meeting: LaneMeeting
    let lane: Int

    /// The gradient of this lane's embeddings, packed as the rows, by the loss over those of all lanes.
    func gradient(of terms: Terms, in range: Range<Int>, at batch: BatchMeeting) -> ArraySlice<
      Float
    > {
      let stride = terms.embeddings.reduce(0) { $0 + $1.columns }
      guard let all = meeting.gradient(lane, terms, at: batch) else {
        // Some lane has failed, and nobody reads what this one computes.
        return [Float](repeating: 0, count: range.count * stride)[...]
      }
      return all[range.lowerBound * stride..<range.upperBound * stride]
    }

    /// Replaces floats by their sums over all lanes.
    func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
      let parts = meeting.gather(lane, (0..<count).map { Double(values[$0]) })
      for index in 0..<count { values[index] = Float(parts.reduce(0) { $0 + $1[index] }) }
    }

    /// Replaces the moments of this lane's rows by those of all rows.
    ///
    /// - Parameters:
    ///   - mean: `[width]`.
    ///   - variance: biased, `[width]`.
    ///   - rows: of this lane.
    ///   - width: number of columns.
    /// - Returns: the number of all rows.
    func pool(
      mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>, rows: Int,
      width: Int
    ) -> Int {
      let own = [Double(rows)] + (0..<width).map { Double(mean[$0]) }
      let parts = meeting.gather(lane, own + (0..<width).map { Double(variance[$0]) })
      return ColumnMoments.pool(parts, mean: mean, variance: variance, width: width)
    }
  }
}
