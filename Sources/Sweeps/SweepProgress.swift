import Foundation
import Support
import Synchronization

/// Tells which cell of how many is in work, and how long the whole will take.
final class SweepProgress: Sendable {
  private struct State {
    var started = 0
    var done = 0
    /// Operations and seconds of the pretrainings done in this run, and what is still to do.
    var trainedFLOPs = 0.0
    var trainedSeconds = 0.0
    var openFLOPs: Double
    var evaluations = 0
    var evaluatedSeconds = 0.0
    var openEvaluations: Int
  }

  private let total: Int
  private let jobs: Int
  private let state: Mutex<State>

  /// Progress of `total` cells and references.
  init(total: Int, jobs: Int, flops: Double) {
    self.total = total
    self.jobs = jobs
    state = Mutex(State(openFLOPs: flops, openEvaluations: total))
  }

  /// Says that an entry begins.
  func begin(_ name: String) {
    let line = state.withLock { state in
      state.started += 1
      return "\(state.started) of \(total): \(name)" + Self.left(state, jobs)
    }
    Log.note(line)
  }

  /// Counts a pretraining of so many operations.
  func trained(flops: Double, seconds: Double) {
    state.withLock { state in
      state.trainedFLOPs += flops
      state.trainedSeconds += seconds
    }
  }

  /// Counts an evaluation.
  func evaluated(seconds: Double) {
    state.withLock { state in
      state.evaluations += 1
      state.evaluatedSeconds += seconds
    }
  }

  /// Says that an entry is done.
  func end(_ entry: SweepEntry) {
    let line = state.withLock { state in
      state.done += 1
      state.openEvaluations -= 1
      state.openFLOPs -= entry.compute?.totalFLOPs ?? 0
      let outcome = entry.status == .finished ? "done" : "failed"
      return "\(entry.name): \(outcome), \(state.done) of \(total)" + Self.left(state, jobs)
    }
    Log.note(line)
  }

  /// The time left for the whole, from the operations and evaluations still open; empty while unknown.
  private static func left(_ state: State, _ jobs: Int) -> String {
    guard state.openEvaluations > 0, state.openFLOPs < 1 || state.trainedFLOPs > 0,
      state.evaluations > 0
    else { return "" }
    let training =
      state.trainedFLOPs > 0
      ? max(0, state.openFLOPs) * state.trainedSeconds / state.trainedFLOPs : 0
    let evaluation =
      Double(state.openEvaluations) * state.evaluatedSeconds / Double(state.evaluations)
    return "; about \(ProgressText.clock((training + evaluation) / Double(jobs))) left for all"
  }
}
