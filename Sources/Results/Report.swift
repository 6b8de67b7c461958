import Foundation
import Support

/// What one checkpoint can do: everything measured on it, and all that is needed to do so again.
package struct Report: Equatable, Sendable {
  /// The schema that this version writes.
  package static let schema = "unmask.report/1"
  /// The newest schema version that this version reads.
  static let schemaVersion = 1

  /// When it was written, in UTC to the second.
  package var created: Date
  /// The program that made it.
  package var harness: Harness
  /// The command line, or what stands for it.
  package var command: String
  /// What was measured.
  package var checkpoint: ReportCheckpoint
  /// Where it was measured.
  package var environment: ReportEnvironment
  /// The tasks, in the order in which they were asked for.
  package var tasks: [TaskResult]
  /// What its pretraining hides and paints in, when just drawn.
  package var pictures: DrawnPictures?
  /// The folder it was read from or written to; paths inside the report are relative to it.
  package var folder: String?
  /// The hash of its content, when it was read or written.
  package var contentHash: String?

  /// A report of results just made.
  ///
  /// A task with a number that is not finite becomes a failed task that says so.
  package init(
    created: Date = Date(), harness: Harness = .current, command: String,
    checkpoint: ReportCheckpoint, environment: ReportEnvironment, tasks: [TaskResult]
  ) {
    self.created = created
    self.harness = harness
    self.command = command
    self.checkpoint = checkpoint
    self.environment = environment
    self.tasks = tasks.map(\.refusingNonFinite)
  }

  /// The tasks that failed.
  package var failures: [TaskResult] { tasks.filter { $0.status == .failed } }
}

extension TaskResult {
  /// The result as it is, or as a failure if one of its numbers is not finite.
  var refusingNonFinite: TaskResult {
    let all =
      metrics.map { ($0, $1) }
      + perClass.compactMap { entry in entry.metric.map { ("per class " + entry.name, $0) } }
    let seeded = seeds.flatMap { seed in seed.metrics.map { ("\($0) of seed \(seed.seed)", $1) } }
    let names = all.filter { !$0.1.isFinite }.map(\.0) + seeded.filter { !$0.1.isFinite }.map(\.0)
    guard let first = names.min() else { return self }
    return failed(InputError(task, "metric \(first) is not a finite number"))
  }
}
