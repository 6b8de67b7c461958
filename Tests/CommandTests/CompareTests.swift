import Evaluation
import Foundation
import Reporting
import Results
import Support
import TestSupport
import Testing

struct CompareTests {
  private let folder = TemporaryFolder()

  /// A report of a checkpoint that is right on the first `right` of 200 examples.
  private func write(
    _ name: String, right: Int, config: JSON = ["epochs": 90], reported: Double? = nil
  ) throws {
    let labels = (0..<200).map { $0 % 10 }
    let accuracy = ClassificationAccuracy(
      ids: labels.indices.map { "test/\($0)" }, labels: labels,
      predictions: labels.indices.map { $0 < right ? labels[$0] : (labels[$0] + 1) % 10 },
      inTopFive: labels.map { _ in true }, classes: (0..<10).map { "class \($0)" })
    var task = TaskResult(
      task: "linear_probe", version: 1, protocolName: "mae-linear-cpu@1",
      dataset: DatasetSummary(
        id: "scenes", fingerprint: "abc", splits: ["test": 200], classes: 10, splitHash: "def"),
      config: config)
    task.metrics = accuracy.metrics
    if let reported { task.metrics["top1"]?.value = reported }
    task.predictions = accuracy.predictions
    task.headline = "top1"
    let report = Report(
      command: "unmask evaluate \(name)",
      checkpoint: ReportCheckpoint(
        name: name, source: name, format: "safetensors", sha256: SHA256.hex(of: name),
        encoder: "vit-tiny/4@32", parameters: 1),
      environment: .current(threads: 1, precision: "fp32"), tasks: [task])
    try report.write(folder.file(name))
  }

  @Test func printsEachForm() throws {
    try write("worse", right: 100)
    try write("better", right: 150)
    try AtomicFile.write("About this folder.\n", to: folder.file("README.md"))
    let paths = ["better", "worse", "README.md"].map { folder.file($0) }
    let table = try Program.run(["compare"] + paths)
    #expect(table.code == 0 && table.errors.isEmpty)
    for text in ["better", "worse", "75.0", "50.0"] { #expect(table.output.contains(text)) }
    let json = try Program.run(["compare", "--format", "json", "--baseline", paths[1]] + paths)
    let parsed = try JSON.parse(Data(json.output.utf8), from: "output")
    #expect(parsed["baseline"] == "worse" && parsed["reports"]?.array?.count == 2)
    #expect(try Program.run(["compare", "--format", "markdown"] + paths).output.contains("| --"))
    #expect(
      try Program.run(["compare", "--format", "csv"] + paths).output.hasPrefix("checkpoint,"))
  }

  @Test func refusesWhatIsNotComparable() throws {
    try write("a", right: 100)
    try write("b", right: 150, config: ["epochs": 10])
    let paths = [folder.file("a"), folder.file("b")]
    let result = try Program.run(["compare"] + paths)
    #expect(result.code == 2)
    #expect(result.errors.contains("epochs"))
    let forced = try Program.run(["compare", "--force"] + paths)
    #expect(forced.code == 0 && forced.output.contains("b"))
  }

  @Test func refusesMetricsThatPredictionsDoNotGive() throws {
    try write("honest", right: 100)
    try write("boastful", right: 100, reported: 0.75)
    #expect(try Program.run(["validate", folder.file("honest")]).code == 0)
    for command in ["validate", "compare"] {
      let result = try Program.run([command, folder.file("boastful")])
      #expect(result.code == 2 && result.errorLines.count == 1)
      #expect(result.errors.contains("reports top1 0.75, but its predictions give 0.5"))
    }
  }

  @Test func damagedReportsAreOneLine() throws {
    try write("a", right: 100)
    let path = folder.file("a/report.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let damaged = [
      String(text.prefix(text.utf8.count / 2)), "",
      text.replacingOccurrences(of: "unmask.report/1", with: "unmask.report/2"),
      text.replacingOccurrences(of: "\"linear_probe\"", with: "\"knn\""),
    ]
    for text in damaged {
      try AtomicFile.write(text, to: path)
      for command in ["compare", "validate"] {
        let result = try Program.run([command, folder.file("a")])
        #expect(result.code == 2 && result.errorLines.count == 1)
        #expect(result.errors.contains("report.json"))
      }
    }
    #expect(try Program.run(["compare", folder.file("absent")]).code == 2)
  }
}
