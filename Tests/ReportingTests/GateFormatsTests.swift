import Evaluation
import Foundation
import FoundationXML
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct GateFormatsTests {
  private func gate(
    _ accuracies: [Double], name: String = "candidate", seeds: [UInt64] = [1, 1]
  ) throws -> Gate {
    let folder = TemporaryFolder()
    let paths = try zip(["baseline", name], accuracies).enumerated().map { index, pair in
      try SampleReports.simple(pair.0, accuracy: pair.1, seed: seeds[index]).write(
        folder.file("\(index)"))
      return folder.file("\(index)")
    }
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    return try Gate(baseline: paths[0], candidate: paths[1], pool: pool)
  }

  @Test func junitIsXMLWithACasePerCheck() throws {
    let text = try gate([0.8, 0.6]).junit(allowInconclusive: false)
    let document = try XMLDocument(data: Data(text.utf8))
    let cases = try document.nodes(forXPath: "/testsuites/testsuite/testcase")
    #expect(cases.count == 3)
    #expect(try document.nodes(forXPath: "//testcase/failure[@type='regression']").count == 1)
    #expect(try document.nodes(forXPath: "/testsuites[@tests='3'][@failures='1']").count == 1)
  }

  @Test func suitesAndCasesCarryTheirTime() throws {
    let text = try gate([0.8, 0.6]).junit(allowInconclusive: false)
    let document = try XMLDocument(data: Data(text.utf8))
    func times(_ path: String) throws -> [String] {
      try document.nodes(forXPath: path).compactMap(\.stringValue)
    }
    #expect(try times("/testsuites/@time | /testsuites/testsuite/@time") == ["1.500", "1.500"])
    #expect(try times("//testcase/@time").sorted() == ["0.000", "0.000", "1.500"])
  }

  @Test func inconclusiveIsAFailureUnlessAllowed() throws {
    let undecided = try gate([0.7, 0.7], seeds: [1, 2])
    #expect(undecided.verdict == .inconclusive)
    let strict = undecided.junit(allowInconclusive: false)
    let lenient = undecided.junit(allowInconclusive: true)
    #expect(strict.contains("<failure type=\"inconclusive\"") && !strict.contains("<skipped"))
    #expect(lenient.contains("<skipped message=\"inconclusive") && !lenient.contains("<failure"))
    #expect(undecided.annotations(allowInconclusive: false)[0].hasPrefix("::error title="))
    #expect(undecided.annotations(allowInconclusive: true)[0].hasPrefix("::warning title="))
  }

  @Test func namesCannotBreakOut() throws {
    let gate = try gate([0.8, 0.6], name: "<script>|\u{1B}[31m")
    for text in [gate.text(), gate.markdown, gate.junit(allowInconclusive: false)] {
      #expect(!text.unicodeScalars.contains { $0.value == 0x1B })
    }
    #expect(!gate.markdown.contains("<script>"))
  }

  @Test func annotationsStayOnOneLine() throws {
    let lines = try gate([0.8, 0.6]).annotations(allowInconclusive: false)
    #expect(lines.count == 1)
    let expected = "::error title=unmask gate%3A regression of linear_probe.top1::"
    #expect(lines[0].hasPrefix(expected) && !lines[0].contains("\n"))
  }

  @Test func theSummaryIsAppendedWhereTheWorkflowSays() throws {
    let folder = TemporaryFolder()
    let gate = try gate([0.8, 0.8])
    try AtomicFile.write("before\n", to: folder.file("summary"))
    try gate.appendStepSummary(["GITHUB_STEP_SUMMARY": folder.file("summary")])
    try gate.appendStepSummary([:])
    let text = try String(contentsOfFile: folder.file("summary"), encoding: .utf8)
    #expect(text.hasPrefix("before\n## Gate: pass\n"))
    let problem = line {
      try gate.appendStepSummary(["GITHUB_STEP_SUMMARY": folder.file("gone/summary")])
    }
    #expect(problem.contains("cannot be written"))
  }

  @Test func theTextHasTheNumbers() throws {
    let text = try gate([0.8, 0.6]).text(width: 200)
    #expect(text.hasPrefix("Gate: regression. Candidate candidate ("))
    #expect(text.contains("linear_probe.top1, %") && text.contains("disagree"))
    #expect(text.contains("regression: metric linear_probe.top1: −"))
  }
}
