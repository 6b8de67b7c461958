import ArgumentParser
import Foundation
import Reporting
import Results
import Support
import Tensors

/// `unmask gate`: whether a candidate may replace a baseline.
struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Fail on a real drop from a baseline, not on noise.",
    discussion: """
      Exit codes: 0 passed; 1 a regression; 2 unusable or incomparable input; 3 could not decide. \
      Example: unmask gate --baseline results/released --candidate results/nightly --junit gate.xml
      """)

  @Option(help: "Report of the baseline, which never moves by itself.")
  var baseline: String

  @Option(help: "Report of the candidate.")
  var candidate: String

  @Option(help: "Margins and checks (gate.yaml); sensible defaults without.")
  var config: String?

  @Option(help: "Write the checks as a JUnit XML file.")
  var junit: String?

  @Option(help: "Write the result as Markdown.")
  var markdown: String?

  @Flag(help: "Exit with 0 instead of 3 when the data cannot decide.")
  var allowInconclusive = false

  func run() throws {
    for path in [junit, markdown].compactMap(\.self) {
      if let obstacle = FileSystem.obstacle(at: path) { throw obstacle }
    }
    let pool = WorkerPool(threads: availableProcessors)
    let gate = try Gate(
      baseline: baseline, candidate: candidate, configuration: config, pool: pool)
    if let junit {
      try AtomicFile.write(gate.junit(allowInconclusive: allowInconclusive), to: junit)
    }
    if let markdown { try AtomicFile.write(gate.markdown, to: markdown) }
    let environment = Environment.variables
    try gate.appendStepSummary(environment)
    try StandardOutput.write(gate.text(width: StandardOutput.width))
    if environment["GITHUB_ACTIONS"] == "true" {
      Log.workflowCommands(gate.annotations(allowInconclusive: allowInconclusive))
    }
    throw ExitCode(gate.exitCode(allowInconclusive: allowInconclusive))
  }
}
