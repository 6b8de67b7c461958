import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

/// Mean accuracies per class without a column for each class.
@Suite struct StatisticsClassOutcomesTests {
  private func table(labels: PredictionColumn.Values, values: PredictionColumn.Values)
    -> Predictions
  {
    Predictions(
      ids: ExampleIDs((0..<labels.count).map { "\($0)" }),
      columns: [PredictionColumn("label", labels), PredictionColumn("correct", values)])
  }

  private func columns(_ labels: PredictionColumn.Values, _ values: PredictionColumn.Values) throws
    -> OutcomeColumns
  {
    try OutcomeColumns(
      MetricOutcome(statistic: .meanPerClass, columns: ["label", "correct"]),
      of: table(labels: labels, values: values), file: "report.json")
  }

  /// The same numbers as from one-hot columns.
  @Test func columnsOfClassesAreNotNeeded() throws {
    var random = RandomStream(seed: 5, purpose: "class outcomes")
    let labels = (0..<300).map { _ in Int32(random.below(7) * 3) }
    let right = (0..<300).map { _ in UInt8(random.below(2)) }
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let own = try columns(.integer(labels), .boolean(right))
    let replicates = own.replicates(resamples: 50, seed: 3, pool: pool)

    let classes = 19
    let numerators = (0..<classes).map { c in
      labels.indices.map { Int(labels[$0]) == c ? Double(right[$0]) : 0 }
    }
    let denominators = (0..<classes).map { c in labels.map { Int($0) == c ? 1.0 : 0 } }
    let oneHot = Bootstrap(
      SufficientStatistics(columns: numerators + denominators), resamples: 50, seed: 3, pool: pool
    ).replicates { sums in
      let present = (0..<classes).filter { sums[classes + $0] != 0 }
      return present.reduce(0) { $0 + sums[$1] / sums[classes + $1] } / Double(present.count)
    }
    #expect(own.value == oneHot.point)
    #expect(replicates.point == oneHot.point && replicates.values == oneHot.values)
    #expect(zip(replicates.leftOut, oneHot.leftOut).allSatisfy { abs($0 - $1) < 1e-14 })
  }

  @Test func aClassOfOneExampleIsAbsentWithoutIt() throws {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let own = try columns(.integer([4, 9, 9]), .boolean([1, 1, 0]))
    #expect(own.value == 0.75)
    #expect(own.replicates(resamples: 10, pool: pool).leftOut == [0.5, 0.5, 1])
  }

  /// One-hot columns of these would take 800 GB, and those of the last 10¹⁰ GB.
  @Test(arguments: [50_000, Int(Int32.max)])
  func manyClassesAreCheap(greatest: Int) throws {
    let labels = (0..<50_000).map { Int32(greatest - $0) }
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let start = ContinuousClock.now
    let own = try columns(.integer(labels), .boolean(labels.map { UInt8($0 & 1) }))
    #expect(own.value == 0.5)
    let replicates = own.replicates(resamples: 100, pool: pool)
    #expect(replicates.values.count == 100 && replicates.values.allSatisfy(\.isFinite))
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan, 1e30, 3e9, -1, 0.5])
  func labelsMustBeWholeNumbersFromZero(label: Float) {
    #expect(throws: InputError.self) { try columns(.real([0, label, 1]), .boolean([1, 1, 1])) }
  }

  @Test func labelsMayBeStoredAsFloats() throws {
    #expect(try columns(.real([0, 2, 2]), .boolean([1, 1, 0])).value == 0.75)
    #expect(throws: InputError.self) { try columns(.integer([0, -1]), .boolean([1, 1])) }
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan])
  func outcomesMustBeFinite(outcome: Float) {
    let ids = ExampleIDs(["a", "b"])
    let table = Predictions(
      ids: ids,
      columns: [
        PredictionColumn("x", .real([1, outcome])), PredictionColumn("label", .integer([0, 1])),
        PredictionColumn("wide", .real([1, 2, 3, outcome]), width: 2),
      ])
    let statistics: [(MetricOutcome.Statistic, [String])] = [
      (.mean, ["x"]), (.ratio, ["label", "x"]), (.meanPerClass, ["label", "x"]),
      (.meanRatio, ["wide", "wide"]),
    ]
    for (statistic, names) in statistics {
      #expect(throws: InputError.self, "\(statistic)") {
        try OutcomeColumns(
          MetricOutcome(statistic: statistic, columns: names), of: table, file: "report.json")
      }
    }
  }

  /// 3 MB of predictions whose sums over 2,000 resamples would take 13 GB.
  @Test func wideColumnsAreSummedOneResampleAtATime() throws {
    let width = 100_000
    let wide = PredictionColumn(
      "wide", .real([Float](repeating: 1, count: 2 * width)), width: width)
    let columns = try OutcomeColumns(
      MetricOutcome(statistic: .meanRatio, columns: ["wide", "wide"]),
      of: Predictions(ids: ExampleIDs(["a", "b"]), columns: [wide]), file: "report.json")
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    #expect(columns.replicates(resamples: 9, pool: pool).values == [Double](repeating: 1, count: 9))
  }
}
