import TestSupport
import Testing

@testable import Results

@Suite struct StatisticsIntervalTests {
  @Test func wilsonAgreesWithStatsmodels() throws {
    let cases = try StatisticsGoldens.entries("wilson")
    #expect(cases.count == 16)
    for golden in cases {
      let interval = wilsonInterval(
        successes: golden.integer("k"), of: golden.integer("n"),
        confidence: golden.number("confidence"))
      let expected = golden.numbers("interval")
      #expect(agree(interval.low, expected[0]) && agree(interval.high, expected[1]), "\(golden)")
    }
  }

  @Test(arguments: [1, 2, 10, 1_000, 50_000])
  func wilsonStaysInsideAndIsNeverOfZeroWidth(count: Int) {
    for successes in [0, count / 2, count] {
      let interval = wilsonInterval(successes: successes, of: count)
      #expect(interval.low >= 0 && interval.high <= 1 && interval.width > 0)
      #expect(interval.contains(Double(successes) / Double(count)))
    }
  }

  @Test func wilsonOfNothingIsEverything() {
    #expect(wilsonInterval(successes: 0, of: 0) == Interval(0, 1))
  }

  @Test func pairedIntervalAgreesWithTheNumericallyMaximisedLikelihood() throws {
    let cases = try StatisticsGoldens.entries("tango")
    #expect(cases.count == 4)
    for golden in cases {
      let pairs = PairedProportions(
        count: golden.integer("n"), baselineOnly: golden.integer("b"),
        candidateOnly: golden.integer("c"))
      let expected = golden.numbers("interval")
      // SciPy's maximum is itself good to about 1e-8.
      let interval = pairs.interval()
      #expect(agree(interval.low, expected[0], within: 1e-8), "\(golden)")
      #expect(agree(interval.high, expected[1], within: 1e-8), "\(golden)")
      #expect(agree(pairs.standardError, golden.number("se")))
    }
  }

  @Test(arguments: [(0, 0), (0, 8), (8, 0), (30, 30), (500, 0), (250, 250)])
  func pairedIntervalContainsTheDifferenceAndHasAWidth(baselineOnly: Int, candidateOnly: Int) {
    let pairs = PairedProportions(
      count: 500, baselineOnly: baselineOnly, candidateOnly: candidateOnly)
    let interval = pairs.interval()
    #expect(interval.width > 0 && interval.low >= -1 && interval.high <= 1)
    #expect(interval.contains(pairs.difference))
    let mirrored = PairedProportions(
      count: 500, baselineOnly: candidateOnly, candidateOnly: baselineOnly
    ).interval()
    #expect(agree(interval.low, -mirrored.high) && agree(interval.high, -mirrored.low))
  }

  @Test func pairedOutcomesAreCounted() {
    let pairs = PairedProportions(baseline: [1, 1, 0, 0, 1], candidate: [1, 0, 1, 0, 0])
    #expect(pairs == PairedProportions(count: 5, baselineOnly: 2, candidateOnly: 1))
    #expect(agree(pairs.difference, -0.2) && agree(pairs.disagreementRate, 0.6))
  }

  @Test func quantilesAgreeWithSciPy() throws {
    for golden in try StatisticsGoldens.entries("normal") {
      #expect(agree(normalQuantile(golden.number("p")), golden.number("x")), "\(golden)")
    }
    for golden in try StatisticsGoldens.entries("student") {
      let value = studentCriticalValue(0.95, degreesOfFreedom: golden.integer("df"))
      #expect(agree(value, golden.number("t")), "\(golden)")
    }
    for golden in try StatisticsGoldens.entries("beta") {
      let value = incompleteBeta(golden.number("x"), golden.number("a"), golden.number("b"))
      #expect(agree(value, golden.number("value")), "\(golden)")
    }
  }

  @Test func seedsAreSummarisedAsSciPyDoes() throws {
    let golden = try StatisticsGoldens.section("seeds")
    let summary = SeedSummary(golden.numbers("values"))
    #expect(agree(summary.mean, golden.number("mean")))
    #expect(agree(try #require(summary.standardDeviation), golden.number("sd")))
    let interval = try #require(summary.interval())
    #expect(agree(interval.low, golden.numbers("interval")[0]))
    #expect(agree(interval.high, golden.numbers("interval")[1]))
    #expect(!summary.isIndicative)
  }

  @Test func oneSeedHasNoDeviation() {
    let summary = SeedSummary([0.5])
    #expect(summary.standardDeviation == nil && summary.interval() == nil && summary.isIndicative)
  }
}
