import Foundation

/// Work on a thread of its own, beside the caller's.
///
/// The result is written by that thread alone and read by who has waited for its end.
package final class Background<Value: Sendable>: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  // Written before `done` is signalled, read after.
  private var outcome: Result<Value, any Error>?

  /// Starts `body`.
  package init(_ body: @escaping @Sendable () throws -> Value) {
    SystemThread.start(stackBytes: 8 << 20) { [self] in
      outcome = Result { try body() }
      done.signal()
    }
  }

  /// Waits for the work and gives its value; call it once.
  /// - Throws: what the work threw.
  package func value() throws -> Value {
    done.wait()
    guard let outcome else { preconditionFailure("the work ended without an outcome") }
    return try outcome.get()
  }
}
