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

  /// What all lanes bring, of all processes in their order; waits for them.
  fileprivate func gather(_ lane: Int, _ values: [Double]) -> [[Double]] {
    condition.lock()
    defer { condition.unlock() }
    guard !isAbandoned else { return [values] }
    let mine = round
    brought[lane] = values
    leave()
    if brought.count == lanes { conclude(width: values.count) }
    while round == mine && !isAbandoned { condition.wait() }
    let result = round == mine ? [values] : outcome
    waitForWorker()
    return result
  }

  /// Ends a round; called with the lock held by the last lane to come.
  private func conclude(width: Int) {
    let own = (0..<lanes).flatMap { brought[$0] ?? [] }
    let all = collectives.gather(own)
    outcome = stride(from: 0, to: all.count, by: max(width, 1)).map {
      Array(all[$0..<$0 + width])
    }
    brought = [:]
    round += 1
    condition.broadcast()
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

    /// Replaces floats by their sums over all lanes.
    func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
      let parts = meeting.gather(lane, (0..<count).map { Double(values[$0]) })
      for index in 0..<count { values[index] = Float(parts.reduce(0) { $0 + $1[index] }) }
    }

    /// Replaces the moments of this lane's rows by those of all rows.
    ///
    /// As Chan, Golub and LeVeque 1979 combine them.
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
      let total = parts.reduce(0) { $0 + $1[0] }
      for c in 0..<width {
        let centre = parts.reduce(0) { $0 + $1[0] * $1[1 + c] } / total
        let squares = parts.reduce(0) { sum, part in
          let distance = part[1 + c] - centre
          return sum + part[0] * (part[1 + width + c] + distance * distance)
        }
        (mean[c], variance[c]) = (Float(centre), Float(squares / total))
      }
      return Int(total)
    }
  }
}
