import TestSupport
import Testing

@testable import Results

@Suite struct StatisticsTestTests {
  @Test func mcNemarAgreesWithStatsmodels() throws {
    let cases = try StatisticsGoldens.entries("mcnemar")
    #expect(cases.count == 9)
    for golden in cases {
      let test = McNemarTest(
        baselineOnly: golden.integer("b"), candidateOnly: golden.integer("c"))
      #expect(agree(test.exactP, golden.number("exact")), "\(golden)")
      #expect(agree(test.midP, golden.number("mid")), "\(golden)")
      #expect(agree(test.asymptoticP, golden.number("asymptotic")), "\(golden)")
      #expect(agree(test.correctedP, golden.number("corrected")), "\(golden)")
    }
  }

  @Test func mcNemarIsRelativelyExactInTheTail() {
    // P(Bin(60, ½) = 0) · 2, far below the absolute tolerance of the goldens.
    let p = McNemarTest(baselineOnly: 60, candidateOnly: 0).exactP
    #expect(abs(p / 0x1p-59 - 1) < 1e-11)
  }

  @Test func holmAgreesWithStatsmodels() throws {
    for golden in try StatisticsGoldens.entries("holm") {
      let adjusted = holmAdjusted(golden.numbers("p"))
      for (value, expected) in zip(adjusted, golden.numbers("adjusted")) {
        #expect(agree(value, expected), "\(golden)")
      }
    }
    #expect(holmAdjusted([]).isEmpty)
  }

  /// The table of published sample sizes: disagreement, effect, pairs (rounded to nearest there).
  @Test(arguments: [
    (0.05, 0.005, 15_695), (0.05, 0.01, 3_922), (0.05, 0.02, 979), (0.1, 0.005, 31_393),
    (0.1, 0.01, 7_847), (0.1, 0.02, 1_960), (0.2, 0.01, 15_695), (0.2, 0.02, 3_922),
  ])
  func sampleSizesAreConnors(disagreement: Double, effect: Double, pairs: Int) {
    let needed = pairsNeeded(toDetect: effect, disagreement: disagreement)
    #expect((0...1).contains(needed - pairs), "\(needed)")
  }

  @Test func sampleSizeAndDetectableDifferenceInvertEachOther() {
    let pairs = pairsNeeded(toDetect: 0.01, disagreement: 0.1)
    let error = (0.1 / Double(pairs)).squareRoot()
    #expect(agree(minimumDetectableDifference(standardError: error), 0.01, within: 1e-4))
  }
}
