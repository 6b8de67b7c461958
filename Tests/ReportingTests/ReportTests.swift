import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Reporting
@testable import Results

@Suite struct ReportTests {
  @Test func aReportReadsBackAsItWasWritten() throws {
    let folder = TemporaryFolder()
    let written = try SampleReports.simple().write(folder.path)
    let read = try Report.read(folder.path)
    #expect(try Report.read(folder.file("report.json")).contentHash == read.contentHash)
    #expect(read.contentHash == written.contentHash)
    let task = try #require(read.tasks.first)
    let original = try #require(written.tasks.first)
    #expect(task.metrics == original.metrics && task.perClass == original.perClass)
    #expect(task.hyperparameters == original.hyperparameters && task.features == original.features)
    #expect(task.comparabilityKey == original.comparabilityKey)
    #expect(read.checkpoint == written.checkpoint && read.environment == written.environment)
    #expect(read.created == written.created && read.harness == written.harness)
    #expect(try read.predictions(of: task) == original.predictions)
    #expect(read.json == written.json)
  }

  @Test func equalInputsGiveEqualBytesButForTimeAndPlace() throws {
    let folders = [TemporaryFolder(), TemporaryFolder()]
    var report = SampleReports.simple()
    try report.write(folders[0].path)
    report.created += 60
    report.environment.threads = 1
    report.tasks[0].timing = Timing(seconds: 9, imagesPerSecond: 1)
    try report.write(folders[1].path)
    let reports = try folders.map { try Report.read($0.path) }
    #expect(reports[0].contentHash == reports[1].contentHash)
    let tables = try folders.map {
      try Data(contentsOf: URL(fileURLWithPath: $0.file("predictions/linear_probe.npy")))
    }
    #expect(tables[0] == tables[1])
  }

  @Test func aNumberThatIsNotFiniteFailsItsTask() throws {
    var task = SampleReports.task(right: [true, false])
    task.metrics["top1"]?.value = .nan
    let report = SampleReports.report(tasks: [task, SampleReports.task("knn", right: [true])])
    #expect(report.failures.map(\.task) == ["linear_probe"])
    #expect(report.failures.first?.error?.contains("top1 is not a finite number") == true)
    #expect(report.tasks[1].status == .ok)
    let folder = TemporaryFolder()
    try report.write(folder.path)
    #expect(try Report.read(folder.path).failures.count == 1)
  }

  @Test func theKeyFollowsWhatMustBeEqualAndNothingElse() {
    let base = SampleReports.task(right: [true, false])
    func key(_ change: (inout TaskResult) -> Void) -> String? {
      var task = base
      change(&task)
      return task.comparabilityKey
    }
    #expect(key { $0.timing = nil } == base.comparabilityKey)
    #expect(key { $0.metrics = [:] } == base.comparabilityKey)
    #expect(key { $0.headParameters = 1 } == base.comparabilityKey)
    #expect(key { $0.version = 2 } != base.comparabilityKey)
    #expect(key { $0.config = ["epochs": 50] } != base.comparabilityKey)
    #expect(key { $0.dataset?.fingerprint = "other" } != base.comparabilityKey)
    #expect(key { $0.dataset?.splits["test"] = 7 } != base.comparabilityKey)
    #expect(key { $0.dataset?.splitHash = "other" } != base.comparabilityKey)
    #expect(key { $0.generatorVersions["scenes"] = 2 } != base.comparabilityKey)
    #expect(key { $0.scoringResolution = "64" } != base.comparabilityKey)
    #expect(key { $0.isOracleSelected = true } != base.comparabilityKey)
    #expect(key { $0.dataset = nil } == nil)
  }

  @Test func twoProtocolsOfATaskKeepTwoFilesOfPredictions() throws {
    let folder = TemporaryFolder()
    var second = SampleReports.task(right: [false, true, true])
    second.protocolName = "dinov2-linear-cpu@1"
    let report = SampleReports.report(tasks: [SampleReports.task(right: [true, false]), second])
    let written = try report.write(folder.path)
    #expect(
      written.tasks.map { $0.predictionsFile?.path } == [
        "predictions/linear_probe.npy", "predictions/linear_probe-2.npy",
      ])
    let read = try Report.read(folder.path)
    #expect(try read.predictions(of: read.tasks[1])?.count == 3)
  }

  @Test func theEnvironmentDescribesThisMachine() {
    let environment = ReportEnvironment.current(threads: 2, precision: "fp32")
    #expect(environment.cores >= 1 && environment.peakMemoryBytes > 1 << 20)
    #expect(environment.operatingSystem.contains("Linux") && !environment.cpu.isEmpty)
    #expect(environment.libraries["json-c"]?.contains(".") == true)
  }

  @Test func theCommitIsThatOfTheSourceTree() throws {
    let folder = TemporaryFolder()
    let commit = String(repeating: "0123456789", count: 4)
    #expect(Results.commit(in: folder.path) == nil)
    try AtomicFile.write("", to: folder.file("Package.swift"))
    try AtomicFile.write("ref: refs/heads/main\n", to: folder.file(".git/HEAD"))
    try AtomicFile.write(
      "# packed\n\(commit) refs/heads/main\n", to: folder.file(".git/packed-refs"))
    #expect(Results.commit(in: folder.path) == commit)
  }
}
