import CSystem

/// Threads that end the process with a line when the system has no room for them.
///
/// Foundation's are silently not started then, and whoever waits for one waits for ever.
package enum SystemThread {
  /// Runs `body` on a thread of its own, which nobody waits for.
  /// - Parameters:
  ///   - stackBytes: the size of its stack.
  ///   - body: what it does.
  package static func start(stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
    let work = unsafe Unmanaged.passRetained(Work(body)).toOpaque()
    unsafe cs_thread_start(
      stackBytes,
      { work in
        guard let work = unsafe work else { return }
        unsafe Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body()
      }, unsafe work)
  }

  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
