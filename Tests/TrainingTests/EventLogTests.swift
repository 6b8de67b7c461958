import Foundation
import Support
import TestSupport
import Testing

@testable import Training

/// Event files against TensorBoard's own writer, and what a killed run leaves of them.
@Suite struct EventLogTests {
  private let folder = TemporaryFolder()

  /// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(CRC32C.checksum("123456789".utf8) == 0xe306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// The events of `Tests/Goldens/tensorboard_events.py`.
  private var events: [ScalarEvent] {
    let start = 1_700_000_000.25
    let points: [(Int, Float, Float, Float)] = [
      (1, 1.25, 1e-3, 812.5), (300, 0.375, 7.5e-4, 90_000),
    ]
    return [ScalarEvent(time: start, step: 0)]
      + points.map { step, loss, rate, speed in
        ScalarEvent(
          time: start + Double(step), step: step,
          values: [("loss", loss), ("learning_rate", rate), ("images_per_second", speed)])
      }
  }

  @Test func bytesAreThoseOfTensorBoardsWriter() throws {
    let golden = try MappedFile(packageFolder + "/Tests/Goldens/tensorboard/events.golden").data
    let made = events.reduce(Data()) { $0 + EventRecord.framed($1.message) }
    #expect(made == golden)
    let records = EventRecord.whole(in: golden)
    #expect(records.map { ScalarEvent.step(of: $0.content) } == [0, 1, 300])
    #expect(records.last?.end == golden.count)
  }

  /// A file cut off anywhere, or with any byte changed, gives only records that are whole.
  @Test func damagedRecordsAreNotRead() {
    let whole = events.reduce(Data()) { $0 + EventRecord.framed($1.message) }
    let ends = EventRecord.whole(in: whole).map(\.end)
    for length in 0..<whole.count {
      let expected = ends.count { $0 <= length }
      #expect(EventRecord.whole(in: whole.prefix(length)).count == expected)
    }
    for index in 0..<whole.count {
      var changed = whole
      changed[index] ^= 0x10
      let expected = ends.count { $0 <= index }
      #expect(EventRecord.whole(in: changed).count == expected)
    }
    let huge = Data([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]) + Data(count: 40)
    #expect(EventRecord.whole(in: huge).isEmpty)
  }

  private func steps(_ log: EventLog) throws -> [Int?] {
    EventRecord.whole(in: try MappedFile(log.path).data).map { ScalarEvent.step(of: $0.content) }
  }

  private func run(_ log: EventLog, _ steps: ClosedRange<Int>, total: Int = 10) throws {
    try log.begin(after: steps.lowerBound - 1, total: total)
    for step in steps { try log.record(step: step, loss: 1, learningRate: 0.1, batch: 8) }
  }

  /// Steps after the saved one, and a record that was being written, give way when a run goes on.
  @Test func aResumedLogHoldsEveryStepOnce() throws {
    let first = EventLog(folder.path)
    try run(first, 1...7)
    let half = try MappedFile(first.path).data + Data([1, 2, 3])
    try AtomicFile.write(half, to: first.path)
    let second = EventLog(folder.path)
    try run(second, 5...10)
    let resumed = try steps(second)
    #expect(resumed == Array(0...10))

    // Begun again from the start, and resumed where there is no log of what went before.
    try run(EventLog(folder.path), 1...2)
    let again = try steps(second)
    #expect(again == [0, 1, 2])
    let late = EventLog(folder.file("late"))
    try run(late, 6...8)
    let lateSteps = try steps(late)
    #expect(lateSteps == [0, 6, 7, 8])
  }

  @Test func aLongRunIsThinnedOut() throws {
    let log = EventLog(folder.path)
    try run(log, 1...100, total: 50_000)
    let kept = try steps(log)
    #expect(kept == Array(stride(from: 0, through: 100, by: 5)))
  }
}
