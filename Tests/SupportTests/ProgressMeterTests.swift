import Foundation
import Support
import Synchronization
import Testing

struct ProgressMeterTests {
  /// A clock set by hand, and what was written.
  private final class Stage: Sendable {
    let time = Mutex(0.0)
    let lines = Mutex<[String]>([])

    func progress(total: Int, style: ProgressMeter.Style = .lines) -> ProgressMeter {
      ProgressMeter(
        ProgressText(title: "reading", total: total, unit: "images"), style: style,
        elapsed: { self.time.withLock { $0 } },
        write: { line in self.lines.withLock { $0.append(line) } })
    }

    var written: [String] { lines.withLock { $0 } }
    func advance(to seconds: Double) { time.withLock { $0 = seconds } }
  }

  @Test func shortStepsSayNothing() {
    let stage = Stage()
    let progress = stage.progress(total: 100)
    for step in 0..<100 {
      stage.advance(to: Double(step) * 0.0199)
      progress.advance()
    }
    progress.finish()
    #expect(stage.written.isEmpty)
  }

  @Test func plainLinesComeEveryTenth() {
    let stage = Stage()
    let progress = stage.progress(total: 1000)
    for step in 1...1000 {
      stage.advance(to: Double(step) * 0.05)
      progress.advance(note: step == 500 ? "loss 0.41" : nil)
    }
    progress.finish()
    progress.finish()
    let lines = stage.written
    #expect(lines.count == 10)
    #expect(
      lines.first == "reading  10 %  100 of 1,000 images  20.0 images/s  0:45 left")
    #expect(
      lines.last == "reading  1,000 images in 0:50  20.0 images/s  loss 0.41")
  }

  @Test func plainLinesComeEveryTenSecondsWhenSlow() {
    let stage = Stage()
    let progress = stage.progress(total: 1_000_000)
    for second in 1...60 {
      stage.advance(to: Double(second))
      progress.advance(by: 10)
    }
    #expect(stage.written.count == 6)
  }

  @Test func barIsRedrawnTenTimesASecondAtMost() {
    let stage = Stage()
    let progress = stage.progress(total: 10_000, style: .bar)
    for step in 1...5000 {
      stage.advance(to: Double(step) * 0.001)
      progress.advance()
    }
    #expect((25...31).contains(stage.written.count))
    #expect(stage.written.last?.contains("█") == true)
  }

  @Test func countsFromManyThreads() {
    let stage = Stage()
    let progress = stage.progress(total: 80_000)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { progress.advance() }
    }
    stage.advance(to: 8)
    progress.finish()
    #expect(stage.written == ["reading  80,000 images in 0:08  10,000 images/s"])
  }

  @Test(arguments: [
    (0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3600, "1:00:00"), (1e30, "277777:46:40"),
  ])
  func clocks(seconds: Double, text: String) { #expect(ProgressText.clock(seconds) == text) }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
  func groups(value: Int, text: String) { #expect(ProgressText.grouped(value) == text) }

  @Test func unknownTotal() {
    let text = ProgressText(title: "reading", total: 0, unit: "rows")
    #expect(
      text.line(done: 30, seconds: 2, note: "", hasBar: true) == "reading  30 rows  15.0 rows/s")
  }
}
