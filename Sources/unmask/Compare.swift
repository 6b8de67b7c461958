import ArgumentParser
import Foundation
import Reporting
import Support
import Tensors

/// `unmask compare`: reports side by side, with paired statistics.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show reports side by side, with intervals and paired differences.",
    discussion: """
      Only results of equal comparability key stand side by side; for others the fields that differ \
      are named. Example: unmask compare results/* --baseline results/random-vit-tiny
      """)

  @Argument(help: "Reports: report.json files, or folders that hold them.")
  var reports: [String]

  @Option(help: "How to print.")
  var format: ComparisonFormat = .table

  @Option(help: "The report that the others are compared with; the first of two if not given.")
  var baseline: String?

  @Flag(help: "Show results that are not comparable too, marked.")
  var force = false

  func run() throws {
    // Each report counts once, so the baseline may be among the others.
    let pool = WorkerPool(threads: availableProcessors)
    let entries = try loadReports((baseline.map { [$0] } ?? []) + reports, pool: pool)
    let comparison = try Comparison(
      entries, options: .init(baseline: baseline.map { _ in 0 }, isForced: force), pool: pool)
    if format == .json {
      try StandardOutput.json(comparison.json)
    } else {
      try StandardOutput.write(comparison.text(format, width: StandardOutput.width))
    }
    for refusal in comparison.refusals { Log.error(Log.line(for: refusal)) }
    if !comparison.refusals.isEmpty { throw Failure.unusable }
  }
}

extension ComparisonFormat: ExpressibleByArgument {}
