import Results
import Support

/// Sorts results into groups of equal comparability key, and finds those that fit nowhere.
struct Grouping {
  private(set) var groups: [ComparisonGroup] = []
  private(set) var refusals: [InputError] = []

  /// Groups the results of all reports that ended well.
  ///
  /// A report may have run more protocols of a task than another: those just stand alone. But where
  /// both have a result that the other lacks, they were meant to be compared and cannot be; unless they
  /// have another in common, and these are of different data.
  /// - Parameters:
  ///   - entries: the reports.
  ///   - reference: the report whose keys count; nil for the first that has the task.
  ///   - isForced: whether misfits join the nearest group, marked, instead of being refused.
  init(_ entries: [ReportEntry], reference: Int?, isForced: Bool) {
    var tasks: [String] = []
    for entry in entries {
      for result in entry.report.tasks where !tasks.contains(result.task) {
        tasks.append(result.task)
      }
    }
    for task in tasks {
      let results = entries.map { entry in
        entry.report.tasks.filter { $0.task == task && $0.status == .ok }
      }
      let holders = results.indices.filter { !results[$0].isEmpty }
      guard let first = holders.first else { continue }
      let base = reference.flatMap { holders.contains($0) ? $0 : nil } ?? first
      add(results, entries, base: base, isForced: isForced)
    }
  }

  private mutating func add(
    _ results: [[TaskResult]], _ entries: [ReportEntry], base: Int, isForced: Bool
  ) {
    var own = results[base].map { ComparisonGroup(reference: $0, rows: []) }
    let keys = results[base].map(\.comparabilityKey)
    for entry in results.indices {
      let present = Set(results[entry].map(\.comparabilityKey))
      let missing = keys.indices.filter { !present.contains(keys[$0]) }
      for result in results[entry] {
        if let index = own.firstIndex(where: {
          $0.reference.comparabilityKey == result.comparabilityKey
        }) {
          own[index].rows.append(ComparisonRow(entry: entry, result: result, forced: []))
        } else if let nearest = nearest(
          result, among: missing.map { own[$0].reference }, ofSameData: missing.count < keys.count)
        {
          let difference = result.comparabilityDifferences(from: nearest.result)
          if isForced {
            let row = ComparisonRow(entry: entry, result: result, forced: difference)
            own[missing[nearest.index]].rows.append(row)
          } else {
            refusals.append(
              refusal(result, entries[entry].path, entries[base].path, difference))
          }
        } else {
          let row = ComparisonRow(entry: entry, result: result, forced: [])
          own.append(ComparisonGroup(reference: result, rows: [row]))
        }
      }
    }
    groups += own
  }

  private func nearest(
    _ result: TaskResult, among candidates: [TaskResult], ofSameData: Bool
  ) -> (index: Int, result: TaskResult)? {
    let near = candidates.indices.filter {
      !ofSameData || candidates[$0].dataset?.id == result.dataset?.id
    }
    let distances = near.map { result.comparabilityDifferences(from: candidates[$0]).count }
    guard let least = distances.min(), let index = distances.firstIndex(of: least) else {
      return nil
    }
    return (near[index], candidates[near[index]])
  }

  private func refusal(
    _ result: TaskResult, _ path: String, _ other: String, _ differences: [FieldDifference]
  ) -> InputError {
    let shown = differences.prefix(5).map { "\($0.path) is \($0.first), there \($0.second)" }
    let more = differences.count > 5 ? ", and \(differences.count - 5) fields more" : ""
    return InputError(
      path,
      "\(result.task) is not comparable with that of \(other): \(shown.joined(separator: ", "))\(more)",
      "evaluate both the same way, or show it marked with --force")
  }
}
