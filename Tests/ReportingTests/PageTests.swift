import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct PageTests {
  private static let nastyName = "</script><script>alert(1)</script>\u{1B}[31m"

  /// One word that is wider than a phone.
  private static let longName = String(repeating: "W", count: 70)

  /// Writes a page of simulated reports.
  private func page(_ names: [String], tasks: [String] = ["linear_probe", "knn"]) throws -> String {
    let folder = TemporaryFolder()
    for (index, name) in names.enumerated() {
      let results = tasks.map { task in
        var result = SampleReports.task(
          task,
          right: SampleReports.outcomes(500, accuracy: 0.8 - 0.1 * Double(index), seed: 3))
        result.seeds = [0, 1].map { SeedResult(seed: $0, metrics: ["top1": 0.7]) }
        return result
      }
      var report = SampleReports.report(name, tasks: results)
      report.checkpoint.pretraining = [
        "recipe": "mae", "mask": ["kind": "random", "ratio": 0.75], "epochs": 3, "seed": 0,
        "curve": .array((1...3).map { ["epoch": .integer($0), "loss": .number(1 / Double($0))] }),
      ]
      try report.write(folder.file("\(Self.longName)/\(index)"))
    }
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    return try Page(try loadReports([folder.file(Self.longName)]), pool: pool).html()
  }

  @Test func needsNothingButItself() throws {
    let html = try page(["mae", "random", "pixels"])
    for reference in html.matches(of: /(?:src|href)="([^"]*)"/) {
      #expect(reference.1.hasPrefix("#") || reference.1.hasPrefix("data:"))
    }
    #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("@import"))
  }

  @Test func itsStyleAndScriptAreTheFilesBesideItsSource() throws {
    let html = try page(["mae"])
    for (name, element) in [("page.css", "style"), ("page.js", "script")] {
      let file = packageFolder + "/Sources/Reporting/Page/" + name
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(html.contains("<\(element)>\n\(text)</\(element)>\n"), "\(name)")
    }
  }

  @Test func holdsTheNumbersPlotsAndRecipes() throws {
    let html = try page(["mae", "random"])
    #expect(html.contains("<h2 id=\"task0\">linear_probe</h2>"))
    // Two plots of intervals and one of curves.
    #expect(html.matches(of: /<svg role="img"/).count == 3)
    #expect(html.contains("kind random, ratio 0.75") && html.contains("Seeds, apart"))
    #expect(html.contains("unmask evaluate mae") && html.contains("&quot;epochs&quot;"))
  }

  @Test func namesCannotBreakOut() throws {
    let html = try page([Self.nastyName, "plain"])
    #expect(html.matches(of: /<script/).count == 2)
    #expect(
      !html.contains("alert(1)</script>") && !html.unicodeScalars.contains { $0.value == 0x1B })
  }

  @Test func theSameReportsGiveTheSamePage() throws {
    let pages = try (0..<2).map { _ in
      try page(["a", "b"]).replacing(/unmask-test-[-0-9A-F]+/, with: "")
    }
    #expect(pages[0] == pages[1])
  }

  @Test(arguments: [[0, 1], [0.61, 0.64], [5, 5], [-3, 1200], [1e-7, 3e-7], [.nan, 2]])
  func axesHoldTheirValuesWithRoundTicks(values: [Double]) {
    let axis = Axis(values)
    for value in values where value.isFinite { #expect(axis.low <= value && value <= axis.high) }
    #expect((2...13).contains(axis.ticks.count))
    #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count)
  }

  @Test(.enabled(if: Chromium.isThere, "Chromium is not on this machine"))
  func chromiumCanUseIt() throws {
    let folder = TemporaryFolder()
    let html = try page(["mae", "random", Self.nastyName, Self.longName])
    try AtomicFile.write(html, to: folder.file("page.html"))
    let output = try Python.script(
      packageFolder + "/scripts/check-page", folder.file("page.html"), folder.file("shots"))
    #expect(output.hasPrefix("page.html: fine;"), "\(output)")
    for name in ["desktop", "phone", "light", "dark"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("shots/\(name).png")))
    }
  }
}

/// Debian's browser.
enum Chromium {
  static var isThere: Bool {
    Python.has("json")
      && ["/usr/bin/chromium", "/usr/bin/chromium-browser"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
      }
  }
}
