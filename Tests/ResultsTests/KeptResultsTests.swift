import Foundation
import Support
import TestSupport
import Testing

@testable import Results

@Suite struct KeptResultsTests {
  private let folder = TemporaryFolder()
  private let key = SHA256.hex(of: "one")

  private var kept: KeptResults { KeptResults(folder: folder.path) }

  private var result: TaskResult {
    var result = TaskResult(
      task: "knn", version: 1, protocolName: "dino-knn-cpu@1",
      dataset: DatasetSummary(id: "scenes", fingerprint: "abc", splits: ["test": 3], classes: 2),
      config: ["neighbors": [10, 20]])
    result.metrics = ["top1": .proportion(2, of: 3, column: "correct")]
    result.headline = "top1"
    result.seed = 7
    result.timing = Timing(seconds: 0.1, imagesPerSecond: 1 / 3)
    result.predictions = Predictions(
      ids: ["test:0", "test:1", "test:2"], labels: [0, 1, 0], predictions: [0, 1, 1])
    var spoilt = ScoredSet(name: "spoilt", split: "test")
    spoilt.predictions = Predictions(
      ids: ["test:0", "test:1", "test:2"], labels: [0, 1, 0], predictions: [1, 1, 1])
    result.sets = [spoilt]
    return result
  }

  private func path(_ ending: String) -> String {
    folder.file("\(key.prefix(24)).\(ending)")
  }

  @Test func comesBackAsItWas() throws {
    #expect(kept.result(for: key) == nil)
    try kept.keep(result, for: key)
    var read = try #require(kept.result(for: key))
    #expect(read.comparabilityKey == result.comparabilityKey)
    read.recordedComparability = nil
    #expect(read == result)
    let json = try JSON.parse(contentsOf: path("json"))
    #expect(json["schema"] == "unmask.result/1" && json["key"]?.string == key)
    #expect(json["result"]?["predictions"]?.string == path("npy").fileName)
    // The result, its predictions and those of its set.
    #expect(try FileSystem.names(in: folder.path).count == 3)
  }

  @Test func anotherKeyIsNotAnswered() throws {
    try kept.keep(result, for: key)
    #expect(kept.result(for: SHA256.hex(of: "two")) == nil)
    // The same file name, another key.
    #expect(kept.result(for: key.prefix(24) + String(repeating: "0", count: 40)) == nil)
  }

  @Test(arguments: ["json", "npy"]) func damagedFilesAreNoResult(ending: String) throws {
    try kept.keep(result, for: key)
    let whole = try Data(contentsOf: URL(filePath: path(ending)))
    for place in stride(from: 0, to: whole.count - 1, by: 7) {
      var damaged = whole
      damaged[place] ^= 1
      try AtomicFile.write(damaged, to: path(ending))
      #expect(kept.result(for: key) == nil, "byte \(place)")
    }
    try AtomicFile.write(whole.dropLast(9), to: path(ending))
    #expect(kept.result(for: key) == nil)
    AtomicFile.remove(path(ending))
    #expect(kept.result(for: key) == nil)
    try kept.keep(result, for: key)
    #expect(kept.result(for: key) != nil)
  }

  @Test func predictionsOfAnotherRunAreNoResult() throws {
    try kept.keep(result, for: key)
    var other = result
    other.predictions = Predictions(
      ids: ["test:0", "test:1", "test:2"], labels: [0, 1, 0], predictions: [1, 1, 1])
    try AtomicFile.write(try #require(other.predictions).npy(), to: path("npy"))
    #expect(kept.result(for: key) == nil)
  }

  @Test func whatEarlierVersionsKeptIsIgnored() throws {
    // They kept reports, in a folder of the key's name.
    let place = folder.file(String(key.prefix(24)))
    try AtomicFile.write("{\"schema\": \"unmask.report/1\"}\n", to: place + "/report.json")
    #expect(kept.result(for: key) == nil)
    try kept.keep(result, for: key)
    #expect(kept.result(for: key) != nil)
  }

  @Test func whatNoReportWouldHoldIsNotKept() throws {
    var broken = result
    broken.metrics["loss"] = Metric(
      value: .nan, standardError: 0, interval: Interval(0, 0), count: 3)
    try kept.keep(broken, for: key)
    #expect(kept.result(for: key) == nil)
  }
}
