import Support
import Tensors
import Testing

@Suite struct RandomStreamTests {
  /// Computed by a separate program from the definition, whose mixing gives the published
  /// SplitMix64 sequence 6457827717110365317, 3203168211198807973, … for the state 1234567.
  @Test func knownDraws() {
    var plain = RandomStream(seed: 0, purpose: "")
    #expect(
      (0..<4).map { _ in plain.next() } == [
        0xa706_dd2f_4d19_7e6f, 0xb382_a305_f441_4f5e, 0x631a_9154_fbab_f717, 0xa80a_ba8c_8664_0906,
      ])
    var mask = RandomStream(seed: 42, purpose: "mask", 3, 7)
    #expect(
      (0..<4).map { _ in mask.next() } == [
        0xe08b_44ba_b8d6_4715, 0xbe3d_5ef7_375b_b6e3, 0x72fe_d3b8_f12e_6109, 0x4d02_5fa3_bf6c_ede4,
      ])
    var extreme = RandomStream(seed: .max, purpose: "Größe", -1)
    #expect(
      (0..<4).map { _ in extreme.next() } == [
        0xca8d_9055_8c05_94b7, 0xa3b2_4947_62dd_7ee5, 0x3384_ccfb_d9e0_eabf, 0xa68e_bc7e_5e8b_49d2,
      ])
  }

  @Test func everyPartOfTheKeyMatters() {
    var streams = [
      RandomStream(seed: 1, purpose: "a", 1, 2), RandomStream(seed: 2, purpose: "a", 1, 2),
      RandomStream(seed: 1, purpose: "b", 1, 2), RandomStream(seed: 1, purpose: "a", 2, 1),
      RandomStream(seed: 1, purpose: "a", 1), RandomStream(seed: 1, purpose: "a", 1, 2, 0),
    ]
    #expect(Set(streams.indices.map { streams[$0].next() }).count == streams.count)
  }

  /// χ² with 255 degrees of freedom: 99.99 % of uniform samples lie in 177…351.
  private func expectUniform(_ counts: [Int]) {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    let chi = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chi > 177 && chi < 351)
  }

  @Test func drawsAreUniform() {
    var random = RandomStream(seed: 9, purpose: "uniformity")
    var bins = [[Int]](repeating: [Int](repeating: 0, count: 256), count: 3)
    for _ in 0..<1 << 17 {
      let draw = random.uniform()
      #expect(draw >= 0 && draw < 1)
      bins[0][Int(draw * 256)] += 1
      bins[1][random.below(256)] += 1
      bins[2][Int(random.next() & 255)] += 1
    }
    for counts in bins { expectUniform(counts) }
  }

  /// The first draws of neighbouring streams are as uniform as one stream's draws.
  @Test func neighbouringStreamsAreIndependent() {
    var counts = [Int](repeating: 0, count: 256)
    for index in 0..<1 << 17 {
      var random = RandomStream(seed: 9, purpose: "neighbours", index)
      counts[random.below(16) * 16 + random.below(16)] += 1
    }
    expectUniform(counts)
  }

  @Test func normalDrawsHaveTheirMoments() {
    var random = RandomStream(seed: 9, purpose: "normal")
    let count = 1 << 17
    var (sum, squares, fourth) = (0.0, 0.0, 0.0)
    for _ in 0..<count {
      let draw = Double(random.normal())
      sum += draw
      squares += draw * draw
      fourth += draw * draw * draw * draw
    }
    // Four deviations of each estimate: √(1/n), √(2/n), √(96/n).
    let root = Double(count).squareRoot()
    #expect(abs(sum / Double(count)) < 4 / root)
    #expect(abs(squares / Double(count) - 1) < 4 * 1.42 / root)
    #expect(abs(fourth / Double(count) - 3) < 4 * 9.8 / root)
  }

  @Test(arguments: [0, 1, 2, 16])
  func permutationsHoldEveryNumberOnce(count: Int) {
    var random = RandomStream(seed: 9, purpose: "permutation")
    #expect(random.permutation(count).sorted() == Array(0..<count))
  }

  @Test func everyPlaceOfAPermutationIsUniform() {
    var counts = [Int](repeating: 0, count: 256)
    for index in 0..<1 << 13 {
      var random = RandomStream(seed: 10, purpose: "permutation", index)
      for (place, number) in random.permutation(16).enumerated() {
        counts[place * 16 + number] += 1
      }
    }
    // Rows and columns sum to a constant, so there are fewer degrees of freedom: 225.
    let expected = Double(1 << 13) / 16
    let chi = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chi > 152 && chi < 316)
  }
}
