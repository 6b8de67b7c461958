import Evaluation
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

/// How long large comparisons take; measured, not judged, and only where `UNMASK_FULL_TESTS` is set.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["UNMASK_FULL_TESTS"] != nil,
    "UNMASK_FULL_TESTS is not set"),
  .serialized)
struct ScaleTests {
  private let folder = TemporaryFolder()

  private func write(checkpoints: Int, tasks: Int, examples: Int) throws {
    for checkpoint in 0..<checkpoints {
      let results = (0..<tasks).map { task in
        let right = SampleReports.outcomes(
          examples, accuracy: 0.5 + 0.3 * Double(checkpoint) / Double(checkpoints),
          seed: UInt64(1_000 * task + checkpoint))
        return SampleReports.task("task\(task)", right: right)
      }
      try SampleReports.report("checkpoint \(checkpoint)", tasks: results)
        .write(folder.file("\(10_000 + checkpoint)"))
    }
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }

  @Test func twoHundredReportsOfTenThousandExamples() throws {
    try write(checkpoints: 200, tasks: 1, examples: 10_000)
    let pool = WorkerPool(threads: availableProcessors)
    defer { pool.close() }
    var text = ""
    let taken = try seconds {
      text = try Comparison(loadReports([folder.path]), pool: pool).text(.table)
    }
    #expect(text.contains("checkpoint 199"))
    print("compare, 200 reports of 10,000 examples: \(Numbers.fixed(taken, 2)) s")
  }

  @Test func aPageOfFiftyCheckpointsAndThirteenTasks() throws {
    try write(checkpoints: 50, tasks: 13, examples: 2_000)
    let pool = WorkerPool(threads: availableProcessors)
    defer { pool.close() }
    var html = ""
    let taken = try seconds { html = try Page(loadReports([folder.path]), pool: pool).html() }
    let file = ProcessInfo.processInfo.environment["UNMASK_PAGE"] ?? folder.file("page.html")
    try AtomicFile.write(html, to: file)
    let size = Numbers.fixed(Double(html.utf8.count) / 1e6, 2)
    print("page of 50 checkpoints and 13 tasks: \(Numbers.fixed(taken, 2)) s, \(size) MB")
  }
}
