import Evaluation
import Foundation
import Pretraining
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting
@testable import Sweeps

/// What a sweep says of cells whose outcomes are known.
@Suite struct SweepSummaryTests {
  private let folder = TemporaryFolder()
  private let pool = WorkerPool(threads: 2)

  /// A finished cell with one report; more visible patches cost more.
  private func cell(
    _ setting: String, seed: Int, right: [Bool], visible: Int = 16
  ) throws -> SweepEntry {
    let name = "\(setting)-seed-\(seed)"
    try SampleReports.report(name, tasks: [SampleReports.task(right: right)])
      .write(folder.file(name))
    var entry = SweepEntry(name: name, setting: setting, checkpoint: "checkpoints/\(name)")
    entry.seed = seed
    entry.labels = ["mask": setting, "seed": "seed \(seed)"]
    entry.status = .finished
    entry.compute = compute(visible: visible)
    return entry
  }

  private func compute(visible: Int, steps: Int = 100) -> SweepCompute {
    let cost = PretrainingCost(
      patches: 64, visiblePatches: visible, encoderForward: Double(visible) * 1e6,
      predictorForward: 4e6)
    return SweepCompute(cost, steps: steps, batchSize: 32)
  }

  private func record(_ cells: [SweepEntry], references: [SweepEntry] = []) -> SweepRecord {
    SweepRecord(
      name: "test", command: "unmask sweep test", definition: ["recipe": "mae"],
      references: references, cells: cells,
      verdict: SweepVerdict(
        cells.compactMap { cell in cell.compute.map { (cell.name, $0) } }, tolerance: 0.01))
  }

  private func summary(_ record: SweepRecord) throws -> SweepSummary {
    try SweepSummary(record, taskNames: ["linear_probe"], folder: folder.path, pool: pool)
  }

  @Test func seedsAndImagesAreKeptApart() throws {
    let count = 1_000
    let outcomes = [0.6, 0.62, 0.7, 0.66].enumerated().map { index, accuracy in
      SampleReports.outcomes(count, accuracy: accuracy, seed: UInt64(index))
    }
    let cells = try [
      cell("random", seed: 0, right: outcomes[0]), cell("random", seed: 1, right: outcomes[1]),
      cell("block", seed: 0, right: outcomes[2]), cell("block", seed: 1, right: outcomes[3]),
    ]
    let summary = try summary(record(cells))
    #expect(summary.rows.map(\.setting) == ["random", "block"])
    let accuracies = outcomes.map { Double($0.count { $0 }) / Double(count) }
    let base = try #require(summary.rows[0].values[0])
    let other = try #require(summary.rows[1].values[0])
    #expect(base.values == [accuracies[0], accuracies[1]])
    #expect(base.difference == nil)
    #expect(abs(base.seeds.mean - (accuracies[0] + accuracies[1]) / 2) < 1e-12)
    let bySeed = [accuracies[2] - accuracies[0], accuracies[3] - accuracies[1]]
    #expect(other.seedDifferences.map(\.difference) == bySeed)

    // Over images: each image's difference of the means over seeds, by hand.
    let differences = (0..<count).map { image -> Double in
      let right = outcomes.map { $0[image] ? 1.0 : 0.0 }
      return (right[2] + right[3] - right[0] - right[1]) / 2
    }
    let mean = differences.reduce(0, +) / Double(count)
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = (squares / Double(count)).squareRoot() / Double(count).squareRoot()
    let found = try #require(other.difference)
    #expect(abs(found.difference - mean) < 1e-12)
    #expect(abs(found.standardError / error - 1) < 0.03)
    #expect(abs(found.interval.width / (2 * 1.96 * error) - 1) < 0.05)
    #expect(other.adjustedP == found.pValue)
  }

  @Test func oneSeedIsComparedByMcNemar() throws {
    let first = SampleReports.outcomes(500, accuracy: 0.6, seed: 1)
    let second = SampleReports.outcomes(500, accuracy: 0.7, seed: 2)
    let third = SampleReports.outcomes(500, accuracy: 0.65, seed: 3)
    let cells = try [
      cell("random", seed: 3, right: first), cell("block", seed: 3, right: second),
      cell("grid", seed: 3, right: third),
    ]
    let summary = try summary(record(cells))
    let tests = [second, third].map { other in
      PairedDifference(
        baseline: first.map { $0 ? 1 : 0 }, candidate: other.map { $0 ? 1 : 0 })
    }
    #expect(summary.rows[1].values[0]?.difference == tests[0])
    let adjusted = holmAdjusted(tests.map(\.pValue))
    #expect(summary.rows.dropFirst().map { $0.values[0]?.adjustedP } == adjusted)
    let notes = summary.notes.joined(separator: "\n")
    #expect(notes.contains("One seed: nothing is known"))
  }

  /// A setting of which one seed failed is compared over the seeds that both have.
  @Test func aMissingSeedIsLeftOutOfThePair() throws {
    let outcomes = (0..<3).map { SampleReports.outcomes(400, accuracy: 0.6, seed: UInt64($0)) }
    var cells = try [
      cell("random", seed: 0, right: outcomes[0]), cell("random", seed: 1, right: outcomes[1]),
      cell("block", seed: 0, right: outcomes[2]), cell("block", seed: 1, right: outcomes[2]),
    ]
    cells[3].status = .failed
    cells[3].error = "the loss is nan"
    let summary = try summary(record(cells))
    let difference = summary.rows[1].values[0]?.difference
    #expect(summary.rows[1].seeds == [0])
    #expect(difference?.test == "McNemar, exact")
    #expect(summary.rows[1].values[0]?.seedDifferences.map(\.seed) == [0])
  }

  @Test func referencesStandBelowAndAreNotCompared() throws {
    let right = SampleReports.outcomes(300, accuracy: 0.3, seed: 9)
    try SampleReports.report("pixels", tasks: [SampleReports.task(right: right)])
      .write(folder.file("pixels"))
    var pixels = SweepEntry(name: "pixels", setting: "pixels", checkpoint: "pixels")
    pixels.status = .finished
    let cells = [try cell("random", seed: 0, right: right)]
    let summary = try summary(record(cells, references: [pixels]))
    #expect(summary.rows.map(\.isReference) == [false, true])
    #expect(summary.rows[1].values[0]?.difference == nil)
    #expect(summary.differences == nil)
  }

  @Test func unequalComputeIsSaidPlainly() {
    let equal = SweepVerdict(
      [("a", compute(visible: 16)), ("b", compute(visible: 16))], tolerance: 0.01)
    #expect(equal.isEqual && equal.text.contains("equal within 1.0 % for all cells"))
    let wide = SweepVerdict(
      [("a", compute(visible: 16)), ("b", compute(visible: 32))], tolerance: 0.01)
    #expect(wide.differing.map(\.name) == ["visible tokens", "training FLOPs"])
    // 3 · (32 + 4) against 3 · (16 + 4) million a step and image.
    #expect(wide.differing.last?.factor == 1.8)
    #expect(wide.text.contains("NOT equal") && wide.text.contains("factor of 2.00 (b: 102 k"))
    let long = SweepVerdict(
      [("a", compute(visible: 16)), ("b", compute(visible: 16, steps: 101))], tolerance: 0.01)
    #expect(long.isEqual)
  }

  /// `sweep.json` in every state fits its schema, and is read back.
  @Test func theRecordFitsItsSchemaAndReadsBack() throws {
    let right = SampleReports.outcomes(100, accuracy: 0.5, seed: 4)
    var cells = try ["random", "block"].flatMap { mask in
      try [0, 1].map { try cell(mask, seed: $0, right: right) }
    }
    for index in cells.indices {
      cells[index].trainingKey = SHA256.hex(of: "recipe \(index)")
      cells[index].evaluationKey = SHA256.hex(of: "tasks")
      cells[index].weightsHash = SHA256.hex(of: "weights \(index)")
      cells[index].compute?.pretrainingSeconds = 12.5
    }
    var pixels = SweepEntry(
      name: "pixels", setting: "pixels", evaluationKey: SHA256.hex(of: "tasks"),
      checkpoint: "pixels")
    pixels.status = .running
    var full = record(cells, references: [pixels])
    full.summary = try summary(full)
    var partial = full
    partial.summary = nil
    partial.cells[1].status = .failed
    partial.cells[1].error = "the loss is nan"
    partial.cells[2].status = .waiting
    let schema = try JSON.parse(contentsOf: packageFolder + "/docs/sweep.schema.json")
    for (index, record) in [full, partial].enumerated() {
      #expect(SchemaCheck(schema).problems(record.json) == [])
      let path = folder.file("sweep\(index).json")
      try record.write(to: path)
      let earlierEntries = try EarlierEntry.read(path)
      #expect(earlierEntries.count == 5)
      #expect(earlierEntries["random-seed-0"]?.pretrainingSeconds == 12.5)
      #expect(earlierEntries["random-seed-0"]?.weightsHash == SHA256.hex(of: "weights 0"))
      #expect(earlierEntries["random-seed-1"]?.status == record.cells[1].status)
    }
    try AtomicFile.write("{\"schema\": \"unmask.sweep/9\"}", to: folder.file("new.json"))
    #expect(throws: InputError.self) { try EarlierEntry.read(folder.file("new.json")) }
  }
}
