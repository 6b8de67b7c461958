import Foundation
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// Curves as files beside a report.
struct TaskFiguresTests {
  private let folder = TemporaryFolder()

  private func corruptions() -> TaskResult {
    var result = SampleReports.task("robustness_corruptions", right: [true, true, false, true])
    for (name, value) in [
      ("error_clean", 0.25), ("error_fog_1", 0.3), ("error_fog_5", 0.8), ("error_fog", 0.55),
      ("error_gaussian_noise_1", 0.5), ("error_gaussian_noise_5", 0.75),
    ] {
      result.metrics[name] = Metric(
        value: value, standardError: 0.01, interval: Interval(value, value), count: 4)
    }
    return result
  }

  @Test func severityCurvesHaveAPointASeverity() throws {
    let drawn = corruptions().withFigures.drawnFigures
    #expect(drawn.map(\.name) == ["robustness_corruptions-severity.svg"])
    let text = String(decoding: try #require(drawn.first).content, as: UTF8.self)
    let document = try XMLCheck.elements(of: text)
    #expect(document["polyline"] == 2 && document["svg"] == 1)
    // Two curves with a legend, a name of the axes, and ticks.
    #expect(text.contains(">fog<") && text.contains(">gaussian_noise<"))
    #expect(text.contains("accuracy in % over severity (0 is clean)"))
    let points = text.matches(of: /points="([^"]*)"/).map { $0.1.split(separator: " ").count }
    #expect(points == [3, 3])
  }

  @Test func otherTasksHaveNoFigures() {
    #expect(SampleReports.task(right: [true]).withFigures.drawnFigures.isEmpty)
  }

  @Test func filesAreWrittenBesideTheReportAndShownOnThePage() throws {
    let report = Report(
      command: "test",
      checkpoint: ReportCheckpoint(
        name: "x", source: "x", format: "x", sha256: nil, encoder: "x", parameters: 1),
      environment: SampleReports.environment, tasks: [corruptions().withFigures])
    let written = try report.write(folder.path)
    let path = "figures/robustness_corruptions-severity.svg"
    #expect(written.tasks[0].figures == [path] && FileSystem.exists(folder.file(path)))
    #expect(try Report.read(folder.path).tasks[0].figures == [path])
    // A report without the task leaves no figure behind.
    var other = report
    other.tasks = [SampleReports.task(right: [true])]
    try other.write(folder.path)
    #expect(!FileSystem.exists(folder.file(path)))
  }
}

/// Counts elements, and refuses text that is not well-formed.
private enum XMLCheck {
  static func elements(of text: String) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    var open: [String] = []
    for match in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) {
      let name = String(match.2)
      if match.1.isEmpty {
        counts[name, default: 0] += 1
        if match.3.isEmpty { open.append(name) }
      } else {
        guard open.popLast() == name else {
          throw InputError("svg", "\(name) ends what is not open")
        }
      }
    }
    guard open.isEmpty else { throw InputError("svg", "\(open) is not closed") }
    return counts
  }
}
