import Support
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct FeatureHealthTests {
  private func health(_ rows: [[Float]]) -> JSON {
    rows.flatMap { $0 }.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return .null }
      return featureHealth(base, count: rows.count, width: rows[0].count)
    }
  }

  @Test func theMeanCosineIsThatOfAllPairs() {
    var stream = RandomStream(seed: 3, purpose: "features")
    let rows = (0..<20).map { _ in (0..<7).map { _ in stream.normal() + 0.3 } }
    var sum = 0.0
    for first in 0..<20 {
      for second in 0..<20 where first != second {
        let dot = zip(rows[first], rows[second]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let norms = [first, second].map { index in
          rows[index].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        sum += dot / (norms[0] * norms[1])
      }
    }
    #expect(agree(health(rows).number("mean_cosine"), sum / 380, within: 1e-12))
  }

  @Test func oneDirectionIsCollapse() {
    let rows: [[Float]] = (1...5).map { [Float($0), 2 * Float($0)] }
    #expect(agree(health(rows).number("mean_cosine"), 1))
  }

  @Test func whatIsNoNumberIsCountedAndLeftOut() {
    let result = health([[1, 0], [.nan, .infinity], [0, 1], [0, 0]])
    #expect(result.integer("non_finite") == 2)
    #expect(result.number("mean_cosine") == 0)
    #expect(health([[.nan, 1]])["mean_cosine"] == nil)
  }
}
