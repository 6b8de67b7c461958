import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct CompareTests {
  private let folder = TemporaryFolder()

  /// Writes reports into folders of their names and compares them.
  private func compare(
    _ reports: [Report], options: Comparison.Options = .init()
  ) throws -> Comparison {
    for (index, report) in reports.enumerated() { try report.write(folder.file("run\(index)")) }
    let entries = try loadReports(reports.indices.map { folder.file("run\($0)") })
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    return try Comparison(entries, options: options, pool: pool)
  }

  @Test func twoReportsArePairedOnTheSameExamples() throws {
    let outcomes = [0.7, 0.6].map { SampleReports.outcomes(1_000, accuracy: $0, seed: 1) }
    let comparison = try compare([
      SampleReports.report("first", tasks: [SampleReports.task(right: outcomes[0])]),
      SampleReports.report("second", tasks: [SampleReports.task(right: outcomes[1])]),
    ])
    let row = try #require(comparison.groups.first?.rows.last)
    let difference = try #require(row.differences["top1"])
    let pairs = zip(outcomes[0], outcomes[1])
    let expected = PairedDifference(
      PairedProportions(
        count: 1_000, baselineOnly: pairs.count { $0 && !$1 },
        candidateOnly: pairs.count { !$0 && $1 }))
    #expect(difference == expected)
    #expect(difference.interval.high < 0 && difference.pValue < 1e-6)
    #expect(row.adjustedP == difference.pValue)
    #expect(comparison.groups[0].rows.map(\.rank) == [1...1, 2...2])
    // Paired, the interval is narrower than the two alone would give.
    let metrics = comparison.groups[0].rows.compactMap { $0.result.metrics["top1"] }
    let unpaired = PairedDifference(unpaired: metrics[0], metrics[1])
    #expect(difference.interval.width < 0.8 * unpaired.interval.width)
  }

  @Test func theOrderOfExamplesDoesNotMatter() throws {
    let right = SampleReports.outcomes(500, accuracy: 0.6, seed: 4)
    var stream = RandomStream(seed: 1, purpose: "shuffle")
    let order = stream.permutation(500)
    let shuffled = TaskResult.shuffled(SampleReports.task(right: right), order)
    let comparison = try compare([
      SampleReports.report("a", tasks: [SampleReports.task(right: right)]),
      SampleReports.report("b", tasks: [shuffled]),
    ])
    let differences = try #require(comparison.groups.first?.rows.last).differences
    #expect(differences["top1"]?.disagreement == McNemarTest(baselineOnly: 0, candidateOnly: 0))
    #expect(differences["mean_per_class"]?.difference == 0)
    #expect(differences["mean_per_class"]?.standardError == 0)
  }

  @Test func otherExamplesAreRefused() throws {
    let right = SampleReports.outcomes(100, accuracy: 0.6, seed: 4)
    let other = SampleReports.task(right: right, ids: (0..<100).map { "other/\($0)" })
    let problem = line {
      _ = try compare([
        SampleReports.report("a", tasks: [SampleReports.task(right: right)]),
        SampleReports.report("b", tasks: [other]),
      ])
    }
    #expect(problem.contains("are not of the same examples"))
  }

  @Test func aMetricThatItsPredictionsContradictIsRefused() throws {
    var task = SampleReports.task(right: SampleReports.outcomes(100, accuracy: 0.6, seed: 4))
    task.metrics["top1"]?.value = 0.99
    let problem = line {
      _ = try compare([
        SampleReports.report("a", tasks: [task]), SampleReports.report("b", tasks: [task]),
      ])
    }
    #expect(problem.contains("reports top1 0.99, but its predictions give"))
  }

  @Test func differentKeysAreRefusedWithTheFieldsThatDiffer() throws {
    let right = SampleReports.outcomes(100, accuracy: 0.6, seed: 4)
    let reports = [
      SampleReports.report(
        "a", tasks: [SampleReports.task(right: right), SampleReports.task("knn", right: right)]),
      SampleReports.report(
        "b",
        tasks: [
          SampleReports.task(right: right, config: ["epochs": 50]),
          SampleReports.task("knn", right: right),
        ]),
    ]
    let comparison = try compare(reports)
    #expect(comparison.refusals.count == 1)
    let refusal = try #require(comparison.refusals.first?.errorDescription)
    #expect(refusal.contains("linear_probe is not comparable"))
    #expect(refusal.contains("config.epochs is 50, there 90"))
    #expect(refusal.contains("--force"))
    #expect(comparison.groups.map(\.rows.count) == [1, 2])

    let forced = try compare(reports, options: .init(isForced: true))
    #expect(forced.refusals.isEmpty && forced.groups[0].rows.count == 2)
    #expect(forced.groups[0].rows[1].differences.isEmpty)
    let text = forced.text(.table)
    #expect(text.contains("≠ b, linear_probe: not comparable; config.epochs is 50, not 90."))
  }

  @Test func aProtocolThatOnlyOneReportRanStandsAlone() throws {
    let right = SampleReports.outcomes(100, accuracy: 0.6, seed: 4)
    let both = SampleReports.task(right: right)
    let more = SampleReports.task(right: right, config: ["epochs": 50])
    let comparison = try compare([
      SampleReports.report("a", tasks: [both]), SampleReports.report("b", tasks: [both, more]),
    ])
    #expect(comparison.refusals.isEmpty)
    #expect(comparison.groups.map(\.rows.count) == [2, 1])
  }

  @Test func ranksAreGroupsThatCannotBeToldApart() throws {
    let accuracies = [0.8, 0.797, 0.6, 0.598, 0.4]
    let comparison = try compare(
      accuracies.enumerated().map {
        SampleReports.simple("c\($0)", accuracy: $1, seed: 1)
      })
    #expect(comparison.groups[0].rows.map(\.rank) == [1...2, 1...2, 3...4, 3...4, 5...5])
    #expect(comparison.baseline == nil && comparison.differences == nil)
  }

  @Test func holmCorrectsOverTasksAndCheckpoints() throws {
    let reports = (0..<3).map { index in
      let tasks = ["linear_probe", "knn"].map { name in
        SampleReports.task(
          name, right: SampleReports.outcomes(400, accuracy: 0.6 + 0.03 * Double(index), seed: 2))
      }
      return SampleReports.report("c\(index)", tasks: tasks)
    }
    let comparison = try compare(reports, options: .init(baseline: 0))
    let rows = comparison.groups.flatMap(\.rows).filter { $0.entry > 0 }
    let raw = rows.compactMap { $0.differences["top1"]?.pValue }
    #expect(raw.count == 4)
    #expect(rows.compactMap(\.adjustedP) == holmAdjusted(raw))
  }

  @Test func aMetricOtherThanAProportionIsBootstrapped() throws {
    let reports = [0.7, 0.5].map { SampleReports.simple("r\($0)", accuracy: $0) }
    let row = try #require(try compare(reports).groups.first?.rows.last)
    let difference = try #require(row.differences["mean_per_class"])
    #expect(difference.test == "paired bootstrap, 2000 resamples")
    let top1 = try #require(row.differences["top1"])
    // Balanced classes: the two metrics are nearly one, and so must their uncertainties be.
    #expect(abs(difference.difference - top1.difference) < 1e-9)
    #expect(abs(difference.standardError / top1.standardError - 1) < 0.1)
    #expect(difference.interval.contains(difference.difference))
  }

  /// A page of a thousand reports holds the differences of the best ones only.
  @Test func pairsAreKeptOfTheBestRows() throws {
    var options = Comparison.Options()
    options.mostPairs = 7
    let reports = (0..<8).map { SampleReports.simple("r\($0)", accuracy: 0.3 + 0.05 * Double($0)) }
    let group = try #require(try compare(reports, options: options).groups.first)
    // Four rows have six pairs, five would have ten.
    #expect(group.pairedRows == 4 && group.pairs.count == 6)
    #expect(Set(group.pairs.flatMap { [$0.first, $0.second] }) == [4, 5, 6, 7])
    #expect(group.rows.allSatisfy { $0.rank != nil })
    #expect(try compare(reports).groups[0].pairs.isEmpty)
  }

  @Test func withoutPredictionsTheTestIsUnpairedAndSaysSo() throws {
    let reports = [0.7, 0.5].map { accuracy in
      var report = SampleReports.simple("r\(accuracy)", accuracy: accuracy)
      report.tasks[0].predictions = nil
      return report
    }
    let row = try #require(try compare(reports).groups.first?.rows.last)
    #expect(row.differences["top1"]?.test == "unpaired z")
    #expect(row.rank == 2...2)
  }

  @Test func namesOfTheSameCheckpointAreToldApart() throws {
    let comparison = try compare([SampleReports.simple(), SampleReports.simple()])
    #expect(comparison.entries.map(\.label) == ["mae (run0)", "mae (run1)"])
  }

  @Test func aFolderOfResultsIsReadWhole() throws {
    for name in ["b", "a"] { try SampleReports.simple(name).write(folder.file(name)) }
    #expect(try loadReports([folder.path]).map(\.label) == ["a", "b"])
    #expect(try loadReports([folder.path, folder.file("a")]).count == 2)
  }

  @Test func tooManyReportsAreRefused() throws {
    for index in 0...mostReports {
      try AtomicFile.createFolder(folder.file("\(index)"))
      try Data().write(to: URL(fileURLWithPath: folder.file("\(index)/report.json")))
    }
    #expect(line { _ = try loadReports([folder.path]) }.contains("1001 reports are more than 1000"))
  }
}

extension TaskResult {
  /// The same result with its examples in another order.
  static func shuffled(_ task: TaskResult, _ order: [Int]) -> TaskResult {
    guard let table = task.predictions else { return task }
    func reordered(_ values: PredictionColumn.Values) -> PredictionColumn.Values {
      switch values {
      case .boolean(let values): .boolean(order.map { values[$0] })
      case .integer(let values): .integer(order.map { values[$0] })
      case .real(let values): .real(order.map { values[$0] })
      }
    }
    var result = task
    result.predictions = Predictions(
      ids: ExampleIDs(order.map { table.ids[$0] }),
      columns: table.columns.map { PredictionColumn($0.name, reordered($0.values)) })
    return result
  }
}
