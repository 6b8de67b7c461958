import Evaluation
import Foundation
import Reporting
import Results
import Support
import Tensors

/// What a sweep found: one row a setting, each task's headline metric as the mean over seeds.
///
/// Two uncertainties, kept apart. The intervals and p values are over test images, for the seeds that
/// were run: a paired bootstrap of the mean over seeds (one seed: the metric's own interval and
/// McNemar's test). What the seeds change stands beside them, seed by seed, since the same seed
/// gives every setting the same initial weights, order and views.
struct SweepSummary: Sendable {
  /// A task, and the metric that stands for it.
  struct Task: Sendable {
    let name: String
    let metric: String
    let unit: DisplayUnit
  }

  /// One setting's, or reference's, result on one task.
  struct Value: Sendable {
    /// The metric of each cell, in the order of the row's seeds.
    let values: [Double]
    /// Of the mean over seeds, 95 % over test images.
    let interval: Interval
    /// From the first setting, over the seeds that both have; nil for the first and for references.
    var difference: PairedDifference?
    /// The same for each seed alone.
    var seedDifferences: [(seed: Int, difference: Double)] = []
    /// The difference's p after Holm's correction over all tasks and settings.
    var adjustedP: Double?

    var seeds: SeedSummary { SeedSummary(values) }
  }

  /// A setting or a reference.
  struct Row: Sendable {
    let setting: String
    let isReference: Bool
    /// The seeds of its finished cells.
    let seeds: [Int]
    let cells: [String]
    /// By the task's place; nil where a task is missing.
    var values: [Value?]
  }

  private(set) var tasks: [Task] = []
  private(set) var rows: [Row] = []
  private(set) var resamples: Int

  /// Reads the reports of what is finished and computes the statistics.
  ///
  /// - Parameters:
  ///   - record: cells and references.
  ///   - taskNames: the tasks, as they were asked for.
  ///   - folder: of the sweep.
  ///   - resamples: of the bootstrap.
  ///   - pool: shares them out.
  /// - Throws: `InputError` when a report or its predictions are unusable.
  init(
    _ record: SweepRecord, taskNames: [String], folder: String, resamples: Int = 10_000,
    pool: WorkerPool
  ) throws {
    self.resamples = resamples
    let measured = try (record.cells + record.references).filter { $0.status == .finished }
      .map { try MeasuredEntry($0, Report.read(folder + "/" + $0.report)) }
    var settings: [String] = []
    for entry in measured where !settings.contains(entry.entry.setting) {
      settings.append(entry.entry.setting)
    }
    var groups = settings.map { setting in measured.filter { $0.entry.setting == setting } }
    for (place, name) in taskNames.enumerated() {
      guard let first = measured.first(where: { $0.result(place) != nil })?.result(place),
        let metric = first.headlineName
      else { continue }
      tasks.append(
        Task(name: name, metric: metric, unit: DisplayUnit(first.metrics[metric]?.unit ?? "")))
      for index in groups.indices {
        for member in groups[index].indices {
          try groups[index][member].read(place, metric, resamples: resamples, pool: pool)
        }
      }
    }
    rows = groups.map { Row($0, tasks: tasks.count) }
    compare(groups)
  }

  /// Fills in the differences from the first setting.
  private mutating func compare(_ groups: [[MeasuredEntry]]) {
    guard let base = groups.first, rows.first?.isReference == false else { return }
    var places: [(row: Int, task: Int)] = []
    var values: [Double] = []
    for row in rows.indices.dropFirst() where !rows[row].isReference {
      for task in tasks.indices {
        guard let pair = PairedCells(base, groups[row], task: task),
          let difference = pair.difference
        else { continue }
        rows[row].values[task]?.difference = difference
        rows[row].values[task]?.seedDifferences = pair.seedDifferences
        places.append((row, task))
        values.append(difference.pValue)
      }
    }
    for (place, value) in zip(places, holmAdjusted(values)) {
      rows[place.row].values[place.task]?.adjustedP = value
    }
  }
}

extension SweepSummary.Row {
  /// The row of one setting's cells, or of one reference.
  fileprivate init(_ members: [MeasuredEntry], tasks: Int) {
    setting = members[0].entry.setting
    isReference = members[0].entry.seed == nil
    seeds = members.compactMap(\.entry.seed)
    cells = members.map(\.entry.name)
    values = (0..<tasks).map { task in
      let outcomes = members.compactMap { $0.outcomes[task] }
      guard outcomes.count == members.count, let first = outcomes.first else { return nil }
      let replicates = outcomes.compactMap(\.replicates)
      let mean =
        outcomes.count > 1 && replicates.count == outcomes.count
        ? BootstrapReplicates.mean(replicates) : nil
      return SweepSummary.Value(
        values: outcomes.map(\.metric.value),
        interval: mean.map { BootstrapDistribution($0).interval() } ?? first.metric.interval)
    }
  }
}

/// A finished cell or reference with the outcomes of its tasks.
private struct MeasuredEntry {
  /// The headline metric of a task.
  struct Outcome {
    let metric: Metric
    let binary: [UInt8]?
    let replicates: BootstrapReplicates?
  }

  let entry: SweepEntry
  private let report: Report
  /// One a task that was read; nil where it has no number.
  private(set) var outcomes: [Outcome?] = []

  init(_ entry: SweepEntry, _ report: Report) {
    self.entry = entry
    self.report = report
  }

  /// The result of the task at a place; nil when it failed.
  func result(_ place: Int) -> TaskResult? {
    guard report.tasks.indices.contains(place), report.tasks[place].status == .ok else {
      return nil
    }
    return report.tasks[place]
  }

  /// Reads the outcomes of the task at a place.
  mutating func read(_ place: Int, _ name: String, resamples: Int, pool: WorkerPool) throws {
    guard let result = result(place), let metric = result.metrics[name] else {
      outcomes.append(nil)
      return
    }
    guard let outcome = metric.outcome, let table = try report.predictions(of: result) else {
      outcomes.append(Outcome(metric: metric, binary: nil, replicates: nil))
      return
    }
    let columns = try OutcomeColumns(outcome, of: table, file: report.folder ?? entry.name)
    outcomes.append(
      Outcome(
        metric: metric, binary: columns.binary,
        replicates: columns.replicates(resamples: resamples, pool: pool)))
  }
}

/// The cells of two settings on one task, seed by seed.
private struct PairedCells {
  private let pairs: [(seed: Int, base: MeasuredEntry.Outcome, other: MeasuredEntry.Outcome)]

  /// Pairs the cells of equal seed; nil when there are none.
  init?(_ base: [MeasuredEntry], _ other: [MeasuredEntry], task: Int) {
    pairs = base.compactMap { first in
      guard let second = other.first(where: { $0.entry.seed == first.entry.seed }),
        let seed = first.entry.seed, let one = first.outcomes[task], let two = second.outcomes[task]
      else { return nil }
      return (seed, one, two)
    }
    if pairs.isEmpty { return nil }
  }

  /// The second setting's less the first's, seed by seed.
  var seedDifferences: [(seed: Int, difference: Double)] {
    pairs.map { ($0.seed, $0.other.metric.value - $0.base.metric.value) }
  }

  /// The difference of the means over seeds, on the same images.
  var difference: PairedDifference? {
    if pairs.count == 1, let base = pairs[0].base.binary, let other = pairs[0].other.binary {
      return base.count == other.count ? PairedDifference(baseline: base, candidate: other) : nil
    }
    let base = pairs.compactMap(\.base.replicates)
    let other = pairs.compactMap(\.other.replicates)
    guard base.count == pairs.count, other.count == pairs.count,
      Set((base + other).map(\.leftOut.count)).count == 1,
      let first = BootstrapReplicates.mean(base), let second = BootstrapReplicates.mean(other)
    else { return nil }
    return PairedDifference(baseline: first, candidate: second)
  }
}
