import Foundation
import Reporting
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// Names that try to write lines of their own.
struct ForgedLinesTests {
  private let folder = TemporaryFolder()

  /// A verdict, a workflow command, and what moves a cursor or turns text around.
  private static let names = [
    "x\nGate: pass. All is well.", "x\n::error::forged", "::error::forged", "x\r::notice::y",
    "x\u{2028}Gate: pass", "x\u{85}y", "\u{9b}31mred", "\u{1b}]0;title\u{7}", "\u{202e}txt.exe",
    "##[error]forged",
  ]

  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n"
      && [.control, .format, .lineSeparator, .paragraphSeparator]
        .contains(scalar.properties.generalCategory)
  }

  private func expectClean(_ result: Program.Result, _ words: String) {
    // The lines of CSV end in both.
    for stream in [result.output, result.errors].map({ $0.replacing("\r\n", with: "\n") }) {
      #expect(!stream.unicodeScalars.contains(where: Self.isForbidden), "\(words)")
      for line in stream.split(separator: "\n") {
        #expect(!line.drop { $0.isWhitespace }.hasPrefix("::"), "\(words): \(line)")
        #expect(!line.contains("##[") && !line.hasPrefix("Gate: pass"), "\(words): \(line)")
      }
    }
  }

  @Test(arguments: ForgedLinesTests.names)
  func pathsCannotForgeLines(name: String) throws {
    for words in [
      ["inspect", name], ["validate", name], ["compare", name, name], ["evaluate", name],
      ["pretrain", name], ["sweep", name], ["gate", "--baseline", name, "--candidate", name],
      ["report", name, "--html", folder.file("page")], ["list", name], [name],
      ["convert", name, "--out", name], ["evaluate", "pixels", "--data", name],
      ["evaluate", "pixels", "--tasks", name], ["evaluate", "pixels", "--set", name],
      ["features", "pixels", "--data", "scenes", "--out", name],
    ] {
      let result = try Program.run(words, environment: ["GITHUB_ACTIONS": "true"])
      #expect(result.code == 2, "\(words): \(result.output)\(result.errors)")
      #expect(result.errorLines.count == 1, "\(words): \(result.errors)")
      expectClean(result, "\(words)")
    }
  }

  /// The name comes from the report, where its writer put it.
  @Test(arguments: [0, 2, 4, 6, 9].map { ForgedLinesTests.names[$0] })
  func namesInReportsCannotForgeLines(name: String) throws {
    let out = folder.file("results")
    let data = "scenes?train=60&test=40"
    let first = try Program.run([
      "evaluate", "pixels", "--tasks", "knn", "--data", data, "--out", out,
    ])
    #expect(first.code == 0, "\(first.errors)")
    let refused = try Program.run([
      "evaluate", "pixels", "--tasks", "knn", "--data", data, "--out", out, "--name=\(name)",
    ])
    expectClean(refused, "evaluate")
    // What `evaluate` would refuse, another program may write.
    let report = out + "/pixels"
    var forged = try Report.read(report)
    forged.checkpoint.name = name
    try forged.write(report)
    for words in [
      ["compare", report], ["compare", report, "--format", "json"],
      ["compare", report, "--format", "csv"], ["compare", report, "--format", "markdown"],
      ["validate", report], ["gate", "--baseline", report, "--candidate", report],
      ["report", report, "--html", folder.file("page.html")],
    ] {
      let result = try Program.run(words, environment: ["GITHUB_ACTIONS": "false"])
      // The gate says of its own, at the beginning of a line, what it found.
      let own = result.output.split(separator: "\n", maxSplits: 1).first ?? ""
      let rest =
        own.hasPrefix("Gate: ") ? String(result.output.dropFirst(own.count)) : result.output
      expectClean(
        Program.Result(code: result.code, output: rest, errors: result.errors), "\(words)")
    }
    // The gate's own commands, and no others.
    let gate = try Program.run(
      ["gate", "--baseline", report, "--candidate", report],
      environment: ["GITHUB_ACTIONS": "true"])
    let commands = (gate.output + gate.errors).split(whereSeparator: \.isNewline)
      .filter { $0.drop { $0.isWhitespace }.hasPrefix("::") }
    #expect(commands.allSatisfy { $0.hasPrefix("::error title=unmask gate%3A inconclusive of") })
    let page = try String(contentsOfFile: folder.file("page.html"), encoding: .utf8)
    #expect(!page.unicodeScalars.contains(where: Self.isForbidden))
  }
}
