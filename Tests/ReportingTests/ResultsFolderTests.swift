import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

@testable import Evaluation
@testable import Reporting

/// What a folder of results keeps when later runs add to it.
@Suite struct ResultsFolderTests {
  private let folder = TemporaryFolder()

  private func task(
    _ name: String, data: String = "scenes", seed: Int = 0, accuracy: Double = 0.7
  ) -> TaskResult {
    var task = SampleReports.task(
      name, right: SampleReports.outcomes(100, accuracy: accuracy, seed: 3))
    task.dataset?.id = data
    task.dataset?.fingerprint = data
    task.seed = seed
    return task
  }

  /// Adds a run; what the folder holds then.
  @discardableResult
  private func add(_ tasks: [TaskResult], command: String = "unmask evaluate x") throws -> Report {
    var report = SampleReports.report(tasks: tasks)
    report.command = command
    try ResultsFolder(folder.path).add(report)
    let read = try Report.read(folder.path)
    try read.verifyPredictions()
    return read
  }

  @Test func otherTasksDataAndSeedsAddUp() throws {
    try add([task("knn")], command: "first")
    try add([task("linear_probe")], command: "second")
    try add([task("knn", data: "other")])
    let report = try add([task("knn", seed: 1)], command: "last")
    #expect(report.tasks.map(\.task) == ["knn", "linear_probe", "knn", "knn"])
    #expect(report.tasks.map(\.seed) == [0, 0, 0, 1])
    #expect(report.tasks.map(\.run?.command) == ["first", "second", "unmask evaluate x", nil])
    #expect(report.command == "last")
    #expect(Set(report.tasks.map(\.predictionsFile?.path)).count == 4)
  }

  @Test func onlyTheSameWorkIsReplaced() throws {
    try add([task("knn", accuracy: 0.5), task("linear_probe")])
    let report = try add([task("knn", accuracy: 0.9)])
    #expect(report.tasks.map(\.task) == ["knn", "linear_probe"])
    #expect((report.tasks[0].metrics["top1"]?.value ?? 0) > 0.8)
    #expect(report.tasks[0].run == nil && report.tasks[1].run != nil)
  }

  @Test func resultsOnDataThatChangedAreReplaced() throws {
    try add([task("knn", accuracy: 0.5)])
    var again = task("knn", accuracy: 0.9)
    again.dataset?.fingerprint = "other content"
    let report = try add([again])
    #expect(report.tasks.map(\.dataset?.fingerprint) == ["other content"])
  }

  @Test func aFailureDoesNotReplaceAResult() throws {
    try add([task("knn")])
    var failed = task("knn").failed(InputError("knn", "gone"))
    let kept = try add([failed])
    #expect(kept.tasks.map(\.status) == [.ok])
    failed = task("linear_probe").failed(InputError("linear_probe", "gone"))
    #expect(try add([failed]).tasks.map(\.status) == [.ok, .failed])
    #expect(try add([task("linear_probe")]).tasks.map(\.status) == [.ok, .ok])
  }

  @Test func aFullRunTakesThePlaceOfAQuickLook() throws {
    func limited(_ name: String) -> TaskResult {
      var task = task(name)
      task.dataset?.id = "scenes, limited to 60"
      task.dataset?.fingerprint = Dataset.fingerprint("scenes", limitedTo: 60)
      task.limit = 60
      return task
    }
    try add([limited("knn"), limited("linear_probe")])
    let full = try add([task("knn")])
    #expect(full.tasks.map(\.limit) == [60, nil])
    // A quick look after that does not bar the report from the gate.
    try add([task("linear_probe")])
    try add([limited("knn")])
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let gate = try Gate(baseline: folder.path, candidate: folder.path, pool: pool)
    // A hundred images cannot exclude a loss of one point; what counts is that nothing is refused.
    #expect(gate.verdict == .inconclusive)
    #expect(gate.checks.count { $0.kind == .metric } == 2)
  }

  @Test func aDamagedReportIsMovedAside() throws {
    try add([task("knn")])
    let file = folder.file("report.json")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try AtomicFile.write(text.replacing("0.", with: "1."), to: file)
    #expect(try add([task("linear_probe")]).tasks.map(\.task) == ["linear_probe"])
    #expect(FileManager.default.fileExists(atPath: file + ".damaged"))
    try AtomicFile.write(text.replacing("unmask.report/1", with: "unmask.report/9"), to: file)
    #expect(line { _ = try ResultsFolder(folder.path) }.contains("update Unmask"))
  }

  @Test func otherWeightsAndOtherReadingsAreRefused() throws {
    let subject = try EvaluationSubject.load("random:vit-tiny/8@16", seed: 0)
    let results = SubjectResults(
      subject: subject, results: [task("knn")], pictures: nil, folder: "")
    let report = Report(results, command: "x", environment: SampleReports.environment)
    try ResultsFolder(folder.path).add(report)
    let own = try ResultsFolder(folder.path)
    try own.admit(subject)
    let others = [
      try EvaluationSubject.load("random:vit-tiny/8@16", seed: 1),
      try EvaluationSubject.load("random:vit-tiny/8@32", seed: 0),
      try EvaluationSubject.load("pixels", seed: 0),
      EvaluationSubject(
        name: subject.name, source: "same weights", format: subject.format,
        weightsHash: subject.weightsHash, encoder: subject.encoder,
        preprocessing: Preprocessing(side: 16, cropRatio: 0.5)),
    ]
    for other in others {
      let text = line { try own.admit(other) }
      #expect(text.contains("--name NAME, or NAME="), "\(text)")
    }
  }

  @Test func comparisonsTellDataSetsApart() throws {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let others = TemporaryFolder()
    let sets = [["scenes", "cifar10"], ["scenes", "mnist"]]
    for (index, data) in sets.enumerated() {
      let report = SampleReports.report(
        "r\(index)", tasks: data.map { task("knn", data: $0, accuracy: 0.6 + 0.1 * Double(index)) })
      try report.write(others.file("\(index)"))
    }
    let comparison = try Comparison(try loadReports([others.path]), pool: pool)
    #expect(comparison.refusals.isEmpty)
    #expect(comparison.groups.map(\.rows.count) == [2, 1, 1])
    let titles = comparison.overview.titles
    #expect(titles[1] == "knn · scenes top1, %")
    #expect(titles[3] == "knn · cifar10 top1, %" && titles[5] == "knn · mnist top1, %")
    let page = try Page(try loadReports([others.path]), pool: pool).html()
    #expect(page.contains("knn · mnist"))
    // Nothing in common is still no comparison.
    try SampleReports.report("r2", tasks: [task("knn", data: "emnist")]).write(others.file("2"))
    let apart = try Comparison(
      try loadReports([others.file("0"), others.file("2")]), pool: pool)
    #expect(apart.refusals.count == 1)
  }

  @Test func seedsOfOneReportAreOneRow() throws {
    try add([task("knn", seed: 1, accuracy: 0.5)])
    try add([task("knn", seed: 0)])
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let entries = try loadReports([folder.path])
    #expect(entries[0].report.tasks.map(\.seed) == [0])
    let comparison = try Comparison(entries, pool: pool)
    #expect(comparison.groups.map(\.rows.count) == [1])
    #expect(comparison.seeds?.rows.count == 1)
    let gate = try Gate(baseline: folder.path, candidate: folder.path, pool: pool)
    #expect(gate.checks.count { $0.kind == .metric } == 1)
  }
}
