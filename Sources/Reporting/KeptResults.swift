import Evaluation
import Foundation
import Results
import Support

/// Keeps finished tasks in a folder, each as a small report that verifies itself when it is read.
package struct KeptResults: FinishedResults {
  private let folder: String
  private let environment: ReportEnvironment

  /// Results below `folder`, which is made when needed.
  package init(folder: String, environment: ReportEnvironment) {
    self.folder = folder
    self.environment = environment
  }

  package func result(for key: String) -> TaskResult? {
    // Damaged or absent: the task is simply run again.
    guard let report = try? Report.read(place(key)), report.command == key,
      let task = report.tasks.first
    else { return nil }
    return try? report.loaded(task)
  }

  package func keep(_ result: TaskResult, for key: String) throws {
    let checkpoint = ReportCheckpoint(
      name: "kept", source: "kept", format: "kept", sha256: nil, encoder: "kept", parameters: 0)
    try Report(
      command: key, checkpoint: checkpoint, environment: environment, tasks: [result]
    ).write(place(key))
  }

  private func place(_ key: String) -> String { "\(folder)/\(key.prefix(24))" }
}
