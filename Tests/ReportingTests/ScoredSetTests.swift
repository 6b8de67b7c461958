import Foundation
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// An entry of a report that was scored on several sets.
@Suite struct ScoredSetTests {
  private let folder = TemporaryFolder()

  private func entry(right: Double = 0.5) -> TaskResult {
    var task = SampleReports.task("robustness", right: [true, false, true, true])
    task.sets = (1...2).map { severity in
      var set = ScoredSet(
        name: "gaussian_noise-\(severity)", split: "test",
        corruption: CorruptionUse(
          kind: "gaussian_noise", severity: severity, generator: "cifar-c-math@1", seed: 0))
      set.predictions = SampleReports.task(right: [severity == 1, false, true, false]).predictions
      return set
    }
    task.sets.append(
      ScoredSet(name: "other test", split: "test", dataset: .init(id: "other", fingerprint: "f")))
    return task
  }

  @Test func setsAndTheirOutcomesAreKept() throws {
    let plain = SampleReports.task(right: [true, false])
    try SampleReports.report(tasks: [plain, entry()]).write(folder.path)
    let names = try FileSystem.names(in: folder.file("predictions")).sorted()
    #expect(
      names == [
        "linear_probe.npy", "robustness-gaussian_noise-1.npy", "robustness-gaussian_noise-2.npy",
        "robustness.npy",
      ])
    let read = try Report.read(folder.path)
    try read.verifyPredictions()
    #expect(read.tasks[0].sets.isEmpty && read.tasks[0].json["sets"] == nil)
    let loaded = try read.loaded(read.tasks[1])
    #expect(loaded.sets.map(\.predictions) == entry().sets.map(\.predictions))
    #expect(loaded.sets.map(\.corruption) == entry().sets.map(\.corruption))
    #expect(loaded.sets[2].dataset?.id == "other" && loaded.predictions == entry().predictions)
    // Written again by a later run, the files stay; when the entry goes, so do they.
    try read.write(folder.path)
    try Report.read(folder.path).verifyPredictions()
    try SampleReports.report(tasks: [plain]).write(folder.path)
    #expect(try FileSystem.names(in: folder.file("predictions")) == ["linear_probe.npy"])
  }

  @Test func aChangedOrAbsentFileOfASetIsRefused() throws {
    try SampleReports.report(tasks: [entry()]).write(folder.path)
    let file = folder.file("predictions/robustness-gaussian_noise-2.npy")
    var data = try Data(contentsOf: URL(fileURLWithPath: file))
    data[data.count - 1] ^= 1
    try data.write(to: URL(fileURLWithPath: file))
    #expect(line { try Report.read(folder.path).verifyPredictions() }.contains("gaussian_noise-2"))
    try FileManager.default.removeItem(atPath: file)
    #expect(throws: InputError.self) { try Report.read(folder.path).verifyPredictions() }
  }

  @Test func setsAreAPartOfWhatIsComparable() throws {
    var fewer = entry()
    fewer.sets.removeLast()
    var other = entry()
    other.sets[0].corruption?.generator = "imagenet-c-math@1"
    let keys = Set([entry(), fewer, other].map(\.comparabilityKey))
    #expect(keys.count == 3)
    #expect(other.comparabilityDifferences(from: entry()).map(\.path) == ["sets"])
    var lucky = entry()
    lucky.sets[0].predictions = nil
    #expect(lucky.comparabilityKey == entry().comparabilityKey)
  }

  @Test func aNameStandsForOneSet() throws {
    var twice = entry()
    twice.sets[1].name = twice.sets[0].name
    try SampleReports.report(tasks: [twice]).write(folder.path)
    #expect(line { _ = try Report.read(folder.path) }.contains("names one of its sets twice"))
  }

  @Test func finishedResultsKeepTheirSets() throws {
    let kept = KeptResults(folder: folder.path)
    try kept.keep(entry(), for: String(repeating: "k", count: 64))
    let found = try #require(kept.result(for: String(repeating: "k", count: 64)))
    #expect(found.sets.map(\.predictions) == entry().sets.map(\.predictions))
  }
}
