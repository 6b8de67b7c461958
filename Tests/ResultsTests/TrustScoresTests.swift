import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

/// Calibration, and telling known from other examples: `Tests/Goldens/generate.py calibration separation`.
struct TrustScoresTests {
  private static let bins = 15

  private func calibration(_ temperature: Double) throws -> CalibrationScores {
    let (logits, labels) = try scores()
    return logits.withUnsafeBufferPointer {
      CalibrationScores(logits: $0, labels: labels, classes: 5, temperature: temperature)
    }
  }

  private func scores() throws -> (logits: [Float], labels: [Int]) {
    let golden = try Golden("calibration")
    return (
      golden.tensor("logits", in: "softmax").array,
      golden.tensor("labels", in: "softmax").array.map { Int($0) }
    )
  }

  /// Goldens are float64 sums of 300 terms, stored as float32: 2⁻²⁴ relative, and as much for columns of floats.
  @Test(arguments: ["plain", "calibrated"])
  func calibrationIsSciPys(name: String) throws {
    let golden = try Golden("calibration")
    let temperature =
      name == "plain" ? 1 : Double(golden.tensor("temperature", in: "softmax").array[0])
    let scores = try calibration(temperature)
    let count = scores.confidence.count
    func error(_ bins: [Int]) throws -> Double {
      let table = Predictions(
        ids: ExampleIDs((0..<count).map(String.init)),
        columns: [
          PredictionColumn("gap", .real(scores.gaps(bins, Self.bins)), width: Self.bins)
        ])
      let outcome = MetricOutcome(statistic: .meanAbsoluteSum, columns: ["gap"])
      return try OutcomeColumns(outcome, of: table, file: "table").value
    }
    let measured = [
      try error(scores.equalWidthBins(Self.bins)), try error(scores.equalMassBins(Self.bins)),
      scores.brier.reduce(0, +) / Double(count), scores.logLoss.reduce(0, +) / Double(count),
      scores.risks.reduce(0, +) / Double(count),
    ]
    let expected = golden.tensor(name, in: "softmax").array
    #expect(measured.count == expected.count)
    for (own, other) in zip(measured, expected) {
      #expect(abs(own - Double(other)) < 1e-6, "\(own) \(other)")
    }
  }

  @Test func temperatureIsSciPys() throws {
    let (logits, labels) = try scores()
    let temperature = logits.withUnsafeBufferPointer {
      CalibrationScores.fittedTemperature(logits: $0, labels: labels, classes: 5)
    }
    let expected = Double(
      try Golden("calibration").tensor("temperature", in: "softmax").array[0])
    // The loss is flat at its minimum: half the digits of a double are certain.
    #expect(abs(temperature - expected) < 2e-5 * expected, "\(temperature) \(expected)")
    #expect(temperature > 1.5)
  }

  @Test func binsAndReliabilityAddUp() throws {
    let scores = try calibration(1)
    let bins = scores.reliability(Self.bins)
    #expect(bins.reduce(0) { $0 + $1.examples } == 300)
    let right = bins.reduce(0.0) { $0 + $1.accuracy * Double($1.examples) }
    #expect(abs(right - Double(scores.correct.count { $0 })) < 1e-9)
    // (low, high]: a confidence of exactly two fifteenths is in the second bin.
    let half = [Float](repeating: 0, count: 2)
    let even = half.withUnsafeBufferPointer {
      CalibrationScores(logits: $0, labels: [1], classes: 2)
    }
    #expect(even.confidence == [0.5] && even.correct == [false])
    #expect(even.equalWidthBins(2) == [0] && even.equalWidthBins(4) == [1])
    #expect(abs(even.logLoss[0] - log(2)) < 1e-12 && abs(even.brier[0] - 0.5) < 1e-12)
  }

  @Test func separationIsScikitLearns() throws {
    let golden = try Golden("separation")
    let known = golden.tensor("known", in: "ties").array.map { Double($0) }
    let others = golden.tensor("others", in: "ties").array.map { Double($0) }
    let scores = SeparationScores(known: known, others: others)
    let expected = golden.tensor("output", in: "ties").array.map { Double($0) }
    let taken = Double(others.count { $0 >= scores.threshold }) / Double(others.count)
    for (own, other) in [
      (scores.area, expected[0]), (scores.averagePrecision, expected[2]), (taken, expected[3]),
    ] {
      #expect(abs(own - other) < 1e-6, "\(own) \(other)")
    }
    // The metric of the report: twice the placement less the area, as a mean over the two groups.
    let table = Predictions(
      ids: ExampleIDs((0..<350).map(String.init)),
      columns: [
        PredictionColumn(
          "is_other", .boolean((0..<350).map { $0 < 200 ? 0 : 1 })),
        PredictionColumn("area", .real(scores.placements.map { Float(2 * $0 - scores.area) })),
      ])
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let metric = try Metric(
      MetricOutcome(statistic: .meanPerClass, columns: ["is_other", "area"]), of: table, pool: pool)
    #expect(abs(metric.value - expected[0]) < 1e-6)
    // 2,000 resamples know a standard error to 1.6 %; four of those.
    #expect(abs(metric.standardError / expected[1] - 1) < 0.065, "\(metric.standardError)")
  }
}
