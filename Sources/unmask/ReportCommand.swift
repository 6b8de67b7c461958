import ArgumentParser
import Reporting
import Support
import Tensors

/// `unmask report`: reports as a page to look at.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write reports as one HTML file that needs nothing else.",
    discussion: "Example: unmask report results/* --html results.html")

  @Argument(help: "Reports: report.json files, or folders that hold them.")
  var reports: [String]

  @Option(help: "The file to write.")
  var html: String

  func run() throws {
    if let obstacle = FileSystem.obstacle(at: html) { throw obstacle }
    let pool = WorkerPool(threads: availableProcessors)
    let page = try Page(loadReports(reports, pool: pool), pool: pool)
    try AtomicFile.write(page.html(), to: html)
    page.refusals.forEach { Log.error(Log.line(for: $0)) }
    if !page.refusals.isEmpty { throw Failure.unusable }
  }
}
