import Foundation
import Synchronization

/// Tells how far a long step is, on standard error.
///
/// On a terminal a bar with rate, time left and a note; elsewhere a plain line at every tenth, but
/// not more often than every two seconds, and at least every ten seconds when something advances.
/// A step that is over within two seconds says nothing. May be advanced from any thread.
package final class ProgressMeter: Sendable {
  /// Where the text goes: a terminal's bar, or lines.
  package enum Style: Sendable { case bar, lines }

  private struct State {
    var done = 0
    var note = ""
    var lastTime = 0.0
    var lastTenth = 0
    var hasSpoken = false
    var isFinished = false
  }

  /// Whether lines are written on a terminal too, because several steps go on at once.
  @TaskLocal package static var prefersLines = false

  private static let silence = 2.0

  private let text: ProgressText
  private let style: Style
  private let elapsed: @Sendable () -> Double
  private let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// Starts a step.
  /// - Parameters:
  ///   - title: What is done: "pretraining".
  ///   - total: How many units there are.
  ///   - unit: What is counted, in the plural: "images".
  package convenience init(_ title: String, total: Int, unit: String) {
    let start = ContinuousClock.now
    let style: Style = StandardError.isTerminal && !Self.prefersLines ? .bar : .lines
    self.init(
      ProgressText(title: Log.placed(title), total: max(0, total), unit: unit), style: style,
      elapsed: { (ContinuousClock.now - start) / .seconds(1) },
      write: { style == .bar ? StandardError.draw(bar: $0) : StandardError.write($0 + "\n") })
  }

  /// Starts a step whose clock and output the caller provides.
  package init(
    _ text: ProgressText, style: Style, elapsed: @escaping @Sendable () -> Double,
    write: @escaping @Sendable (String) -> Void
  ) {
    (self.text, self.style, self.elapsed, self.write) = (text, style, elapsed, write)
  }

  /// Counts `count` more units as done; a `note` ("loss 0.41") stays until the next one.
  package func advance(by count: Int = 1, note: String? = nil) {
    state.withLock { state in
      state.done += count
      if let note { state.note = note }
      guard !state.isFinished else { return }
      let now = elapsed()
      guard isDue(state, now) else { return }
      speak(&state, now)
    }
  }

  /// Ends the step; the last state stays visible.
  ///
  /// A second call does nothing.
  package func finish() {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      let now = elapsed()
      guard state.hasSpoken || now >= Self.silence else { return }
      write(text.summary(done: state.done, seconds: now, note: state.note))
      if style == .bar { StandardError.finishBar() }
    }
  }

  private func isDue(_ state: State, _ now: Double) -> Bool {
    guard now >= Self.silence else { return false }
    let pause = now - state.lastTime
    switch style {
    case .bar: return pause >= 0.1
    case .lines:
      let isNewTenth = text.tenths(state.done) > state.lastTenth && text.total > state.done
      return pause >= 10 || (isNewTenth && pause >= 2)
    }
  }

  private func speak(_ state: inout State, _ now: Double) {
    state.lastTime = now
    state.lastTenth = text.tenths(state.done)
    state.hasSpoken = true
    let line = text.line(
      done: state.done, seconds: now, note: state.note, hasBar: style == .bar)
    write(line)
  }
}
