import Foundation
import Synchronization

/// The writing end of the pipe from the signal handler; -1 before `install`.
///
/// A plain global, because a signal handler may touch nothing that is initialised lazily.
nonisolated(unsafe) private var signalPipe: Int32 = -1

/// What happens at Ctrl-C, at a request to terminate, and when the terminal is closed.
package enum Interruption {
  private struct State {
    /// Runs that save before the process ends.
    var savers = 0
    var isRequested = false
    var advice = "what was finished is kept"
  }

  private static let state = Mutex(State())
  private static let isWanted = Atomic(false)

  /// From now on SIGINT, SIGTERM and SIGHUP let runs in progress save, remove the temporary files
  /// and end the process.
  ///
  /// The exit code is 128 plus the signal's number. Nothing runs in the signal handler but a write to
  /// a pipe; a thread does the rest. A second signal ends the process without saving. SIGHUP stays
  /// ignored where it was (`nohup`). Child processes start with the usual handlers.
  package static func install() {
    var ends: [Int32] = [-1, -1]
    guard unsafe signalPipe < 0, unsafe pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    unsafe signalPipe = ends[1]
    let readingEnd = ends[0]
    SystemThread.start { waitForSignals(readingEnd) }
    let signals = [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])
    unblock(signals)
    for number in signals {
      signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(signalPipe, &byte, 1)
      }
    }
  }

  /// What the last line says after an interruption: how to go on.
  package static func advise(_ text: String) { state.withLock { $0.advice = text } }

  /// Calls `body`, a run that asks ``isRequested`` now and then, saves when it is, and then calls
  /// ``hasSaved()``.
  package static func saving<Result>(_ body: () throws -> Result) rethrows -> Result {
    state.withLock { $0.savers += 1 }
    defer { state.withLock { $0.savers -= 1 } }
    return try body()
  }

  /// Whether the process is to end as soon as all runs have saved.
  package static var isRequested: Bool { isWanted.load(ordering: .relaxed) }

  /// Says that a run has saved, and waits for the end of the process.
  package static func hasSaved() -> Never {
    state.withLock { $0.savers -= 1 }
    while true { pause() }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Lets signals through: a parent that starts us from a thread that blocks them hands that on.
  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in signals { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  private static func waitForSignals(_ descriptor: Int32) {
    let number = nextSignal(descriptor, timeout: -1) ?? 0
    if state.withLock({ $0.savers > 0 }) {
      StandardError.finishBar()
      StandardError.write("stopping after this step, to save it; once more stops at once\n")
      isWanted.store(true, ordering: .relaxed)
      while state.withLock({ $0.savers > 0 }) {
        if nextSignal(descriptor, timeout: 20) != nil { break }
      }
    }
    end(128 + number)
  }

  /// The number of the signal that arrives within `timeout` milliseconds; without end if negative.
  private static func nextSignal(_ descriptor: Int32, timeout: Int32) -> Int32? {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&waiting, 1, timeout) < 0, errno == EINTR {}
    guard waiting.revents & Int16(POLLIN) != 0 else { return nil }
    var byte: UInt8 = 0
    return unsafe read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
  }

  private static func end(_ code: Int32) {
    let advice = state.withLock { $0.advice }
    TemporaryFiles.removeAll {
      StandardError.finishBar()
      StandardError.write("interrupted; \(Visible.text(advice))\n")
      _exit(code)
    }
  }
}
