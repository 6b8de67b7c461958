import Foundation
import Results
import Support
import Tensors

/// Reports side by side: only results of equal comparability key, with paired statistics.
package struct Comparison: Sendable {
  /// What to compare, and how.
  package struct Options: Sendable {
    /// The index of the report that the others are compared with; nil for none.
    package var baseline: Int?
    /// Whether to show results that are not comparable, marked.
    package var isForced = false
    /// Bootstrap resamples per metric that is not a proportion.
    package var resamples = 2_000
    /// The most pairs of which all groups together keep the differences: those of their best rows.
    package var mostPairs = 0
    /// Chooses the resamples.
    package var seed: UInt64 = 0

    /// Options with no baseline, nothing forced.
    package init(baseline: Int? = nil, isForced: Bool = false) {
      self.baseline = baseline
      self.isForced = isForced
    }
  }

  /// The reports.
  package let entries: [ReportEntry]
  /// The report that the others are compared with: the one asked for, else the first of two.
  package let baseline: Int?
  /// One group per comparability key that is shared or alone.
  package var groups: [ComparisonGroup]
  /// What could not be compared, a line each; empty when forced.
  package let refusals: [InputError]

  /// Groups the results and computes the statistics.
  ///
  /// - Parameters:
  ///   - entries: at least one report.
  ///   - options: the baseline and whether to force.
  ///   - pool: the workers for the bootstrap.
  /// - Throws: `InputError` if predictions are missing, changed, or of other examples.
  package init(_ entries: [ReportEntry], options: Options = Options(), pool: WorkerPool) throws {
    self.entries = entries
    baseline = options.baseline ?? (entries.count == 2 ? 0 : nil)
    let grouping = Grouping(entries, reference: baseline, isForced: options.isForced)
    groups = grouping.groups
    refusals = grouping.refusals
    // All metrics where the pairs are few; beyond that only the headline.
    let isDetailed = entries.count <= 10
    let mostPairs = options.mostPairs / max(1, groups.count)
    for index in groups.indices {
      try groups[index].compare(
        entries, baseline: baseline, isDetailed: isDetailed, options: options,
        mostPairs: mostPairs, pool: pool)
    }
    adjustForMultiplicity()
  }

  /// The tasks of the reports that have no numbers.
  package var failures: [(entry: Int, task: TaskResult)] {
    entries.indices.flatMap { entry in
      entries[entry].report.tasks.filter { $0.status != .ok }.map { (entry, $0) }
    }
  }

  /// Holm's correction over all headline comparisons with the baseline.
  private mutating func adjustForMultiplicity() {
    var places: [(group: Int, row: Int)] = []
    var values: [Double] = []
    for group in groups.indices {
      for row in groups[group].rows.indices {
        guard let difference = groups[group].rows[row].differences[groups[group].headline] else {
          continue
        }
        places.append((group, row))
        values.append(difference.pValue)
      }
    }
    for (place, value) in zip(places, holmAdjusted(values)) {
      groups[place.group].rows[place.row].adjustedP = value
    }
  }
}

/// The results of one task that may stand side by side.
package struct ComparisonGroup: Sendable {
  /// The result that the others of the group are comparable with.
  package let reference: TaskResult
  /// One row per report that has the task.
  package var rows: [ComparisonRow]
  /// The headline's differences of pairs of rows; empty unless asked for.
  package var pairs: [ComparisonPair] = []
  /// Of how many rows, the best ones, all pairs are kept.
  package var pairedRows = 0

  /// A group whose rows are to be compared.
  init(reference: TaskResult, rows: [ComparisonRow]) {
    self.reference = reference
    self.rows = rows
  }

  /// The metric that ranks the rows.
  package var headline: String { reference.headlineName ?? "" }

  /// The names of the metrics, the headline first.
  package var metrics: [String] {
    [headline] + reference.metrics.keys.sorted().filter { $0 != headline }
  }

  /// `linear_probe · mae-linear-cpu@1 · cifar10`.
  package var title: String {
    [reference.task, reference.protocolName, reference.dataset?.id].compactMap { $0 }
      .joined(separator: " · ")
  }
}

/// The difference of two reports in a group.
package struct ComparisonPair: Sendable {
  /// The index of the report that the difference is from.
  package let first: Int
  /// The index of the report that it is to.
  package let second: Int
  /// The second's value less the first's.
  package let difference: PairedDifference
}

/// One report's result in a group.
package struct ComparisonRow: Sendable {
  /// The index of the report.
  package let entry: Int
  /// Its result.
  package let result: TaskResult
  /// In which fields it differs from the group; empty unless forced.
  package let forced: [FieldDifference]
  /// The ranks it may have: those better with certainty stand before it, those worse behind.
  package var rank: ClosedRange<Int>?
  /// The difference from the baseline by metric; empty for the baseline.
  package var differences: [String: PairedDifference] = [:]
  /// The headline's p value after Holm's correction over all tasks and reports compared.
  package var adjustedP: Double?
}
