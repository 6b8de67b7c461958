import Foundation

/// The writing end of the pipe from the signal handler; -1 before `install`.
///
/// A plain global, because a signal handler may touch nothing that is initialised lazily.
nonisolated(unsafe) private var signalPipe: Int32 = -1

/// What happens at Ctrl-C or a request to terminate.
package enum Interruption {
  /// From now on SIGINT and SIGTERM remove the registered temporary files and end the process.
  ///
  /// The exit code is 130 for SIGINT and 143 for SIGTERM. Nothing runs in the signal handler but
  /// a write to a pipe; a thread does the rest. Child processes start with the usual handlers.
  package static func install() {
    var ends: [Int32] = [-1, -1]
    guard signalPipe < 0, pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    signalPipe = ends[1]
    let readingEnd = ends[0]
    Thread.detachNewThread { waitForSignal(readingEnd) }
    unblock([SIGINT, SIGTERM])
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(signalPipe, &byte, 1)
      }
    }
  }

  /// Lets signals through: a parent that starts us from a thread that blocks them hands that on.
  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  private static func waitForSignal(_ descriptor: Int32) {
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) < 0, errno == EINTR {}
    TemporaryFiles.removeAll {
      StandardError.finishBar()
      StandardError.write("interrupted; what was finished is kept\n")
      _exit(128 + Int32(byte))
    }
  }
}
