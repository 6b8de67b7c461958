extension WorkerPool {
  /// The results of numbered jobs, in their order.
  ///
  /// - Parameters:
  ///   - count: how many jobs.
  ///   - body: one job; called on any worker, and must not call the pool.
  /// - Returns: one result a job.
  /// - Throws: the error of the first job that has one.
  package func map<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (_ index: Int, _ worker: Int) throws -> Value
  ) throws -> [Value] {
    let results = JobResults<Value>(count)
    run(count) { index, worker in results.set(index, Result { try body(index, worker) }) }
    return try results.values()
  }

  /// The results of numbered jobs, in their order, whoever does them.
  package func map<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    try map(count) { index, _ in try body(index) }
  }

  /// The results of numbered jobs that cannot fail, in their order.
  package func map<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (_ index: Int, _ worker: Int) -> Value
  ) -> [Value] {
    let results = JobResults<Value>(count)
    run(count) { index, worker in results.set(index, .success(body(index, worker))) }
    return (try? results.values()) ?? []
  }

  /// The results of numbered jobs that cannot fail, in their order, whoever does them.
  package func map<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value)
    -> [Value]
  {
    let results = JobResults<Value>(count)
    run(count) { index, _ in results.set(index, .success(body(index))) }
    return (try? results.values()) ?? []
  }
}

/// One place a job; each is written once, by the worker that ran it.
@safe private final class JobResults<Value: Sendable>: @unchecked Sendable {
  private let places: UnsafeMutableBufferPointer<Result<Value, any Error>?>

  init(_ count: Int) {
    unsafe places = .allocate(capacity: count)
    unsafe places.initialize(repeating: nil)
  }

  deinit {
    unsafe places.deinitialize()
    unsafe places.deallocate()
  }

  func set(_ index: Int, _ result: Result<Value, any Error>) { unsafe places[index] = result }

  func values() throws -> [Value] { try unsafe places.compactMap { try $0?.get() } }
}
