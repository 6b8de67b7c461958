import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// Every unusable report gives one line that names the file, what is wrong and what to do.
@Suite struct ReportErrorsTests {
  private let folder = TemporaryFolder()

  private func write(_ text: String) throws -> String {
    try AtomicFile.write(text, to: folder.file("report.json"))
    return folder.path
  }

  /// A valid report as JSON, changed and with a fitting hash unless told.
  private func changed(
    rehash: Bool = true, _ change: (inout [String: JSON]) -> Void
  ) throws -> String {
    var members = try #require(SampleReports.simple().json.object)
    change(&members)
    if rehash {
      members["integrity"] = [
        "algorithm": "sha256", "hash": .string(integrityHash(of: .object(members))),
      ]
    }
    return JSON.object(members).text()
  }

  /// Sets a member of the first task.
  private func task(_ key: String, _ value: JSON?) -> (inout [String: JSON]) -> Void {
    { members in
      guard var tasks = members["tasks"]?.array, var first = tasks[0].object else { return }
      first[key] = value
      tasks[0] = .object(first)
      members["tasks"] = .array(tasks)
    }
  }

  private func problem(_ text: String) throws -> String {
    let path = try write(text)
    return line { _ = try Report.read(path) }
  }

  @Test func cutShort() throws {
    let text = try changed { _ in }
    #expect(try problem(String(text.prefix(text.count / 2))).contains("is not valid JSON"))
    #expect(try problem("").contains("JSON"))
  }

  @Test func ofANewerSchema() throws {
    let text = try changed { $0["schema"] = "unmask.report/2" }
    let problem = try problem(text)
    #expect(problem.contains("schema unmask.report/2, newer than unmask.report/1; update Unmask"))
  }

  @Test(arguments: ["something", "unmask.report/x", "unmask.report/0", "unmask.sweep/1"])
  func notAReport(schema: String) throws {
    let text = try changed { $0["schema"] = .string(schema) }
    #expect(try problem(text).contains("is not a report"))
  }

  @Test func changedAfterwards() throws {
    let text = try changed(rehash: false) { $0["command"] = "unmask evaluate another" }
    #expect(try problem(text).contains("was changed after it was written"))
  }

  @Test func namesThePlaceOfWhatIsMissingOrOfAnotherType() throws {
    #expect(try problem(changed { $0["command"] = nil }).contains("command is missing"))
    let status = try problem(changed(task("status", "great")))
    #expect(status.contains("tasks[0].status is great, not one of ok, failed, skipped"))
    let metrics = try problem(changed(task("metrics", ["top1": ["value": "high"]])))
    #expect(metrics.contains("tasks[0].metrics.top1.value must be a number"))
    let interval = try problem(
      changed(
        task(
          "metrics",
          [
            "top1": [
              "value": 1, "stderr": 0, "ci95": [1, 0], "n": 1, "higher_is_better": true,
              "unit": "fraction",
            ]
          ])))
    #expect(interval.contains("tasks[0].metrics.top1.ci95 must be a pair [low, high]"))
    #expect(try problem(changed(task("metrics", [:]))).contains("tasks[0]"))
    #expect(try problem(changed { $0["tasks"] = 3 }).contains("tasks must be a list"))
    #expect(try problem("[]").contains("must be an object"))
  }

  @Test func aMetricThatIsNoNumber() throws {
    let text = try changed { _ in }.replacing("\"stderr\":0", with: "\"stderr\":NaN")
    #expect(try problem(text).contains("is not valid JSON"))
  }

  @Test func aKeyThatDoesNotFitItsFields() throws {
    let text = try changed(task("comparability", ["task": "knn"]))
    #expect(try problem(text).contains("tasks[0] has a comparability_key that is not the hash"))
  }

  /// An entry that shows one configuration under the key of another.
  @Test(arguments: [
    ("config", JSON.object(["epochs": 1])), ("task", "knn"), ("version", 7),
    ("protocol", "other@1"),
    ("dataset", .null), ("scoring_resolution", "64"), ("oracle_selected", true),
    ("generator_versions", .object(["scenes": 9])),
  ])
  func entriesThatContradictTheirComparability(member: (key: String, value: JSON)) throws {
    let text = try problem(try changed(task(member.key, member.value)))
    #expect(text.contains("is not the one that its comparability names"), "\(text)")
  }

  @Test(arguments: ["/etc/passwd", "../other/predictions.npy", "a/../../b"])
  func predictionsOutsideTheFolder(path: String) throws {
    let text = try changed(task("predictions", .string(path)))
    #expect(try problem(text).contains("predictions outside the report's folder"))
  }

  @Test func nothingThere() throws {
    #expect(line { _ = try Report.read("/does/not/exist") }.contains("does not exist"))
    #expect(line { _ = try Report.read(folder.path) }.contains("holds no report.json"))
    #expect(line { _ = try loadReports([folder.path]) }.contains("holds no report.json"))
  }

  @Test func predictionsMissingChangedOrOfAnotherLength() throws {
    try SampleReports.simple().write(folder.path)
    let report = try Report.read(folder.path)
    let file = folder.file("predictions/linear_probe.npy")
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let read = { _ = try report.predictions(of: report.tasks[0]) }
    #expect(line(read) == "no error")
    try AtomicFile.write(data.dropLast(1), to: file)
    #expect(line(read).contains("is not the file that the report was written with"))
    try FileManager.default.removeItem(atPath: file)
    #expect(line(read).contains("linear_probe.npy"))

    var fewer = report
    fewer.tasks[0].predictionsFile?.count = 7
    try AtomicFile.write(data, to: file)
    #expect(
      line { _ = try fewer.predictions(of: fewer.tasks[0]) }.contains("holds 1000 examples, not 7"))
  }

  @Test func anUnwritableFolder() throws {
    try AtomicFile.write("x", to: folder.file("file"))
    let problem = line { try SampleReports.simple().write(folder.file("file/results")) }
    #expect(problem.contains("file"))
    #expect(!problem.contains("not an InputError"))
  }
}
