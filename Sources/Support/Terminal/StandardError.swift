import Foundation
import Synchronization

/// Standard error, shared by messages and the progress bar so that they do not overwrite each other.
enum StandardError {
  private struct State {
    var bar = ""
  }

  private static let state = Mutex(State())

  /// Whether standard error is a terminal that understands cursor movement.
  static let isTerminal = isatty(2) == 1 && environment("TERM") != "dumb"

  /// Whether colours are wanted: a terminal, and no `NO_COLOR` (no-color.org).
  static let hasColor = isTerminal && environment("NO_COLOR").isEmpty

  /// Writes `text`, which ends a line; a visible bar is taken away first and drawn again.
  static func write(_ text: String) {
    state.withLock { state in
      emit(state.bar.isEmpty ? text : "\r\u{1b}[K" + text + state.bar)
    }
  }

  /// Draws `bar` over the last one.
  static func draw(bar: String) {
    state.withLock { state in
      state.bar = String(bar.prefix(columns - 1))
      emit("\r\u{1b}[K" + state.bar)
    }
  }

  /// Leaves the bar as it stands and goes to the next line.
  static func finishBar() {
    state.withLock { state in
      if !state.bar.isEmpty { emit("\n") }
      state.bar = ""
    }
  }

  /// The width of the terminal; a longer bar would leave its beginning behind at every redraw.
  private static var columns: Int { terminalWidth(of: 2) ?? 80 }

  private static func emit(_ text: String) {
    var text = text
    // A closed or full standard error must not stop a run.
    text.withUTF8 {
      unsafe try? writeAll(UnsafeRawBufferPointer($0), to: 2, name: "standard error")
    }
  }

  private static func environment(_ name: String) -> String { Environment.value(name) ?? "" }
}
