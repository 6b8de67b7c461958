import Support

extension Report {
  /// Checks that the predictions of all tasks are those they were written with, and give their metrics.
  /// - Throws: `InputError` naming the file and the metric that does not follow.
  package func verifyPredictions() throws {
    for task in tasks { try verifyPredictions(of: task) }
  }

  /// Checks the predictions of one of its tasks.
  /// - Throws: `InputError` naming the file and the metric that does not follow.
  package func verifyPredictions(of task: TaskResult) throws {
    for set in task.sets { _ = try predictions(of: set) }
    guard let table = try predictions(of: task) else { return }
    let file = "\(folder ?? "")/report.json"
    for (name, metric) in task.metrics {
      guard let outcome = metric.outcome else { continue }
      let columns = try OutcomeColumns(outcome, of: table, file: file)
      try metric.check(against: columns, as: name, of: task.task, file: file)
    }
  }
}

extension Metric {
  /// Checks that the value is the one that per-example outcomes give.
  /// - Throws: `InputError` if it is not.
  package func check(
    against columns: OutcomeColumns, as name: String, of task: String, file: String
  ) throws {
    let kept = columns.value
    // With an infinite value of the outcomes, any claim would be near enough.
    guard kept.isFinite, abs(kept - value) <= 1e-6 * max(1, abs(kept)) else {
      throw InputError(
        file, "\(task) reports \(name) \(value), but its predictions give \(kept)",
        "evaluate the checkpoint again")
    }
  }
}
