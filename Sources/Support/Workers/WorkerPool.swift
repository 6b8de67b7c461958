import CSystem
import Foundation

/// A fixed set of threads that share out numbered jobs; the caller waits until all are done.
///
/// Inside a job every matrix product is single-threaded. Which worker runs which job is not
/// determined, so jobs must not depend on it: results are combined by job index.
/// What the threads share is guarded by a lock.
package final class WorkerPool: @unchecked Sendable {
  /// How many workers there are; the calling thread is worker 0.
  package let threads: Int

  // All of the following is guarded by `condition`.
  private let condition = NSCondition()
  private var body: (@Sendable (Int, Int) -> Void)?
  private var next = 0
  private var count = 0
  private var running = 0
  private var isClosed = false

  /// Starts `threads − 1` threads beside the caller's.
  package init(threads: Int) {
    precondition(threads >= 1, "a worker pool needs at least one thread, not \(threads)")
    self.threads = threads
    cs_use_one_openmp_thread()
    for worker in 1..<max(threads, 1) {
      SystemThread.start(stackBytes: 8 << 20) { [weak self] in
        cs_use_one_openmp_thread()
        while let pool = self, pool.serve(worker) {}
      }
    }
  }

  /// Ends the threads; call when the pool is no longer needed.
  package func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }

  /// Runs `body(index, worker)` for each index in `0..<count`, smaller indices first, and waits.
  ///
  /// Not re-entrant: a job must not call `run` on the same pool.
  package func run(_ count: Int, _ body: @escaping @Sendable (_ index: Int, _ worker: Int) -> Void)
  {
    guard count > 0 else { return }
    condition.lock()
    precondition(self.body == nil, "a job of a worker pool called run on the same pool")
    self.body = body
    self.count = count
    next = 0
    condition.broadcast()
    drain(worker: 0)
    while running > 0 { condition.wait() }
    self.body = nil
    condition.unlock()
  }

  /// Waits for jobs and works on them; false when the pool is closed.
  private func serve(_ worker: Int) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while !isClosed && (body == nil || next >= count) { condition.wait() }
    if isClosed { return false }
    drain(worker: worker)
    condition.broadcast()
    return true
  }

  /// Takes jobs until none is left; called and left with the lock held.
  private func drain(worker: Int) {
    while let body, next < count {
      let index = next
      next += 1
      running += 1
      condition.unlock()
      body(index, worker)
      condition.lock()
      running -= 1
    }
  }
}

/// The number of processors this process may use.
package let availableProcessors = max(1, ProcessInfo.processInfo.activeProcessorCount)
