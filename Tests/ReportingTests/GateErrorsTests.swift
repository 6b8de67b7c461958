import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

/// What may not enter the gate is refused in one line, exit code 2.
@Suite struct GateErrorsTests {
  private let folder = TemporaryFolder()

  private func problem(
    yaml: String? = nil, _ change: (inout Report) -> Void = { _ in },
    baseline: (inout Report) -> Void = { _ in }
  ) throws -> String {
    var reports = [SampleReports.simple("a"), SampleReports.simple("b")]
    baseline(&reports[0])
    change(&reports[1])
    for (report, name) in zip(reports, ["a", "b"]) { try report.write(folder.file(name)) }
    if let yaml { try AtomicFile.write(yaml, to: folder.file("gate.yaml")) }
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    return line {
      _ = try Gate(
        baseline: folder.file("a"), candidate: folder.file("b"),
        configuration: yaml.map { _ in folder.file("gate.yaml") }, pool: pool)
    }
  }

  @Test func nothingWrong() throws { #expect(try problem() == "no error") }

  @Test func limitedRuns() throws {
    let text = try problem(
      { $0.tasks[0].limit = 100 }, baseline: { $0.tasks[0].limit = 100 })
    #expect(text.contains("was a limited run; evaluate without --limit"))
  }

  @Test func oracleSelectedNumbers() throws {
    let text = try problem(
      { $0.tasks[0].isOracleSelected = true }, baseline: { $0.tasks[0].isOracleSelected = true })
    #expect(text.contains("is oracle-selected"))
  }

  @Test func failedTasks() throws {
    let text = try problem { $0.tasks[0] = $0.tasks[0].failed(InputError("probe", "NaN")) }
    #expect(text.contains("linear_probe failed: probe: NaN"))
  }

  @Test func anotherMajorVersion() throws {
    let text = try problem { $0.harness.version = "1.0.0" }
    #expect(text.contains("was made by unmask 1.0.0, the baseline by 0.1.0"))
    #expect(try problem { $0.harness.version = "0.9.1" } == "no error")
  }

  @Test func otherKeys() throws {
    let text = try problem { $0.tasks[0].config = ["epochs": 50] }
    #expect(text.contains("not comparable") && text.contains("config.epochs is 50, there 90"))
  }

  @Test func aTaskThatIsMissing() throws {
    #expect(try problem { $0.tasks = [] }.contains("has no result of linear_probe"))
  }

  @Test func noPredictions() throws {
    #expect(try problem { $0.tasks[0].predictions = nil }.contains("kept no predictions"))
  }

  @Test(arguments: [
    "history: 5", "history: 2.5", "history: true", "history: [a, b]", "history: {a: b}",
    "seeds: 1", "untrained: 1", "anchor: 1",
  ])
  func pathsAreText(yaml: String) throws {
    let key = yaml.prefix { $0 != ":" }
    let text = try problem(yaml: yaml + "\n")
    #expect(text.contains("gate.yaml:1: \(key) must be a path, is "), "\(text)")
  }

  @Test func anUnknownMetricNamesTheNearest() throws {
    let text = try problem(yaml: "metrics: {linear_prob.top1: 1}\n")
    #expect(text.contains("metrics.linear_prob.top1 is not a metric of"))
    #expect(text.contains("did you mean linear_probe.top1?"))
  }

  @Test(arguments: [
    ("margin: 1\n", "margin"), ("alpha: 2\n", "alpha"),
    ("metrics: {linear_probe.top1: -1}\n", "top1"),
    ("- 1\n", "gate.yaml"), ("alpha: [\n", "gate.yaml"), ("untrained: gone\n", "gone"),
    ("anchor: gone\n", "gone"),
  ])
  func badConfiguration(yaml: String, named: String) throws {
    let text = try problem(yaml: yaml + (named == "gone" ? "history: .\n" : ""))
    #expect(
      text.contains(named) && !text.contains("no error") && !text.contains("not an InputError"))
  }

  /// A history that names nothing, or what is not there yet, is said.
  @Test(arguments: [
    ("history:", "history: in "), ("history: ~", "history: in "), ("history: ''", "history: in "),
    ("seeds:", "seeds: in "), ("history: gone", "there is nothing at "),
    ("history: empty", "there is nothing at "),
  ])
  func whatNamesNothingIsSaid(yaml: String, words: String) throws {
    try AtomicFile.createFolder(folder.file("empty"))
    for name in ["a", "b"] { try SampleReports.simple(name).write(folder.file(name)) }
    try AtomicFile.write(yaml + "\n", to: folder.file("gate.yaml"))
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let gate = try Gate(
      baseline: folder.file("a"), candidate: folder.file("b"),
      configuration: folder.file("gate.yaml"), pool: pool)
    #expect(gate.notes.contains { $0.contains(words) }, "\(gate.notes)")
    #expect(gate.text().contains(words) && gate.markdown.contains("history") || yaml == "seeds:")
  }
}
