import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct CompareFormatsTests {
  private static let nastyName = "a<script>alert(1)</script>|\u{1B}[31m`x`\u{202E}=1"

  private func comparison(_ names: [String]) throws -> Comparison {
    let folder = TemporaryFolder()
    for (index, name) in names.enumerated() {
      var report = SampleReports.simple(name, accuracy: 0.7 - 0.2 * Double(index))
      report.tasks[0].seeds = [0.7, 0.71, 0.69].enumerated().map {
        SeedResult(seed: $0, metrics: ["top1": $1])
      }
      report.tasks.append(
        TaskResult(task: "knn", version: 1, protocolName: "p", dataset: nil)
          .failed(InputError("knn", "gone \u{1B}[2J")))
      try report.write(folder.file("\(index)"))
    }
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    return try Comparison(try loadReports([folder.path]), pool: pool)
  }

  @Test func theTableHasARowPerCheckpointWithIntervals() throws {
    let text = try comparison(["mae", "random"]).text(.table)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("checkpoint  linear_probe top1, %"))
    #expect(lines[1].firstMatch(of: /^mae +[0-9]{2}\.[0-9] \[[0-9.]+, [0-9.]+\] +1$/) != nil)
    #expect(lines[2].firstMatch(of: /^random +[0-9]{2}\.[0-9] \[[0-9.]+, [0-9.]+\] +2$/) != nil)
    #expect(text.contains("difference from mae"))
    #expect(text.contains("70.00") && text.contains("3, indicative"))
    #expect(text.contains("mae, knn failed: knn: gone"))
  }

  @Test func aChoiceAtTheEdgeIsSaid() throws {
    let comparison = try comparison(["mae", "random"])
    let words = "mae, linear_probe: chosen at the edge of the grid"
    #expect(comparison.text(.table).contains(words))
    #expect(comparison.text(.table).contains("learning_rate 0.3 of 0.1, 0.3"))
    #expect(comparison.text(.markdown).contains("chosen at the edge of the grid"))
    #expect(comparison.json["groups"]?[0]?["rows"]?[0]?["on_grid_edge"] == true)
    #expect(comparison.text(.csv).contains("on_grid_edge\r\n"))
    let folder = TemporaryFolder()
    try SampleReports.simple("mae").write(folder.path)
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    #expect(try Page(try loadReports([folder.path]), pool: pool).html().contains(words))
  }

  @Test(arguments: ComparisonFormat.allCases)
  func namesCannotBreakOut(format: ComparisonFormat) throws {
    let text = try comparison([Self.nastyName, "plain"]).text(format)
    #expect(!text.unicodeScalars.contains { $0.value == 0x1B })
    // JSON keeps what is no control character as it is.
    #expect(format == .json || !text.unicodeScalars.contains { $0.value == 0x202E })
    if format == .markdown {
      #expect(!text.contains("<script>") && text.contains("&lt;script&gt;"))
      #expect(text.contains("\\|"))
    }
    if format == .json {
      let json = try JSON.parse(Data(text.utf8), from: "output")
      #expect(json["reports"]?[0]?["label"]?.string == Self.nastyName)
    }
  }

  @Test func csvHasOneLinePerMetricAndNoFormulas() throws {
    let text = try comparison(["=HYPERLINK(\"x\")", "b,\"c\""]).text(.csv)
    let lines = text.components(separatedBy: "\r\n")
    // A title, two reports of three metrics, and nothing after the last break.
    #expect(lines.count == 8 && lines.last == "")
    #expect(
      lines[1].hasPrefix("\"'=HYPERLINK(\"\"x\"\")\",linear_probe,1,mae-linear-cpu@1,scenes,top1"))
    #expect(lines[4].hasPrefix("\"b,\"\"c\"\"\","))
  }

  @Test func jsonHoldsEverything() throws {
    let json = try comparison(["mae", "random"]).json
    let group = try #require(json["groups"]?[0])
    #expect(group["comparability_key"]?.string?.count == 64)
    let rows = try #require(group["rows"]?.array)
    #expect(rows[0]["rank"] == [1, 1] && rows[1]["rank"] == [2, 2])
    let difference = try #require(rows[1]["differences"]?["top1"])
    #expect(difference["ci95"]?.array?.count == 2 && difference["p"]?.double ?? 1 < 1e-6)
    #expect(difference["baseline_only"]?.int ?? 0 > difference["candidate_only"]?.int ?? 0)
    #expect(json["failed"]?.array?.count == 2)
  }

  @Test func wideTablesAreBrokenIntoBlocksUnderTheColumnsThatNameTheRow() {
    var table = TextTable(["name", "one", "two", "three"])
    table.add(["日本", "1", "22", "333"])
    #expect(
      table.text(width: 15) == """
        name  one  two
        日本    1   22

        name  three
        日本    333
        """)
    var keyed = TextTable(
      ["task", "name", "one", "two"], alignments: [.left, .left, .right, .right])
    keyed.add(["knn", "mae", "1", "2"])
    #expect(
      keyed.text(width: 16) == """
        task  name  one
        knn   mae     1

        task  name  two
        knn   mae     2
        """)
    #expect(displayWidth("e\u{301}日👍") == 5)
  }

  @Test func numbersCarryTheDigitsTheirIntervalSupports() {
    #expect(DisplayUnit("fraction").text(0.62134, Interval(0.61, 0.63)) == "62.1 [61.0, 63.0]")
    #expect(
      DisplayUnit("fraction").text(0.62134, Interval(0.6170, 0.6257)) == "62.13 [61.70, 62.57]")
    #expect(DisplayUnit("percent").text(-0.04, Interval(-20, 20), signed: true) == "0 [−20, +20]")
    #expect(Numbers.fixed(-0.001, 2) == "0.00" && Numbers.grouped(-1_234_567) == "−1,234,567")
    #expect(Numbers.pValue(0.0004) == "<0.001" && Numbers.pValue(0.0421) == "0.042")
  }
}
