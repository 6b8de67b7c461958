import CKernels
import Foundation
import Support
import Tensors
import Testing

/// Kernels against naive computations in double precision.
@Suite struct KernelTests {
  /// The bits of `value` in bfloat16, rounded to nearest even; NaN keeps its sign and is quiet.
  private func roundedToBfloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return UInt16((value.bitPattern | 0x40_0000) >> 16) }
    let below = value.bitPattern & 0xffff_0000
    let rest = value.bitPattern & 0xffff
    let isOdd = value.bitPattern & 0x1_0000 != 0
    let roundsUp = rest > 0x8000 || (rest == 0x8000 && isOdd)
    return UInt16((roundsUp ? below &+ 0x1_0000 : below) >> 16)
  }

  /// All upper halves with lower halves around the tie: normal, subnormal, infinite, NaN.
  @Test func bfloat16RoundsToNearestEven() {
    for low: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
      let floats = (0..<UInt32(1 << 16)).map { Float(bitPattern: $0 << 16 | low) }
      var bits = [UInt16](repeating: 0, count: floats.count)
      uk_convert(floats, uk_float32, &bits, uk_bfloat16, floats.count)
      let wrong = floats.indices.filter { bits[$0] != roundedToBfloat16(floats[$0]) }
      #expect(wrong.isEmpty, "\(wrong.count) wrong, first \(wrong.first ?? 0) with low \(low)")
    }
  }

  @Test func bfloat16WidensExactly() {
    let bits = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: bits.count)
    uk_convert(bits, uk_bfloat16, &floats, uk_float32, bits.count)
    #expect(bits.allSatisfy { floats[Int($0)].bitPattern == UInt32($0) << 16 })
  }

  /// Distance from `exact` in units of the last place of its float.
  private func ulps(_ value: Float, _ exact: Double) -> Double {
    abs(Double(value) - exact) / Double(max(Float(exact).ulp, Float.leastNormalMagnitude))
  }

  private func applied(_ f: uk_activation, _ values: [Float]) -> [Float] {
    var out = values
    uk_activate(f, values, &out, uk_float32, values.count)
    return out
  }

  /// `x · sigmoid(x)` is `x · eˣ` to the last bit when x is far below 0: two roundings beside exp's 2 ulp.
  @Test func exponentialIsWithinFourUlps() {
    let values = (0...60_000).map { -20 - Float($0) / 1000 }
    let worst = zip(values, applied(uk_silu, values)).map {
      ulps($1, Double($0) / (1 + exp(-Double($0))))
    }.max()
    #expect(worst ?? .infinity <= 4)
  }

  /// `erf` within 1.2e-7 through GELU, whose own roundings add half an ulp of the result.
  @Test func gaussianErrorUnit() {
    let values = (-8000...8000).map { Float($0) / 1000 }
    for (x, y) in zip(values, applied(uk_gelu, values)) {
      let exact = Double(x) / 2 * (1 + erf(Double(x) / 2.0.squareRoot()))
      let bound = abs(Double(x)) / 2 * 1.2e-7 + abs(exact) * 1.2e-7
      #expect(abs(Double(y) - exact) <= bound, "GELU(\(x)) = \(y), not \(exact)")
    }
  }

  @Test func activationsAtTheEnds() {
    let ends: [Float] = [-1e30, -100, 0, 100, 1e30]
    for f in [uk_gelu, uk_gelu_tanh, uk_quick_gelu, uk_silu, uk_relu] {
      let out = applied(f, ends)
      #expect(abs(out[0]) < 1e-6 && abs(out[1]) < 1e-6 && out[2] == 0)
      #expect(out[3] == 100 && out[4] == 1e30)
      #expect(applied(f, [.nan])[0].isNaN)
    }
  }

  private func softmax(_ scores: [Float], columns: Int, _ type: uk_type = uk_float32) -> [Float] {
    var out = [Float](repeating: 7, count: scores.count)
    var narrow = [UInt16](repeating: 7, count: scores.count)
    let rows = scores.count / columns
    if type == uk_float32 {
      uk_softmax(scores, 1, nil, 0, &out, type, rows, columns)
    } else {
      uk_softmax(scores, 1, nil, 0, &narrow, type, rows, columns)
      uk_convert(narrow, uk_bfloat16, &out, uk_float32, out.count)
    }
    return out
  }

  @Test(arguments: [1, 7, 16, 17, 65])
  func softmaxSumsToOne(columns: Int) {
    var random = RandomStream(seed: 6, purpose: "softmax", columns)
    let scores = (0..<5 * columns).map { _ in 10 * random.normal() }
    let out = softmax(scores, columns: columns)
    for row in 0..<5 {
      let slice = row * columns..<(row + 1) * columns
      let peak = Double(scores[slice].max() ?? 0)
      let exponentials = scores[slice].map { exp(Double($0) - peak) }
      let total = exponentials.reduce(0, +)
      for (place, exact) in zip(slice, exponentials) {
        // The score loses half an ulp when the row's maximum is taken off.
        let relative = 1e-6 + 6e-8 * abs(Double(scores[place]) - peak)
        #expect(abs(Double(out[place]) - exact / total) <= relative * exact / total + 1e-37)
      }
    }
  }

  /// A row of −∞ yields zeros, a single −∞ nothing, a NaN a row of NaN.
  @Test(arguments: [UInt32(0), 1])
  func softmaxOfWhatIsNotFinite(type: UInt32) {
    let type = uk_type(type)
    let hidden = -Float.infinity
    #expect(softmax([hidden, hidden, hidden], columns: 3, type) == [0, 0, 0])
    let one = softmax([hidden, 2, hidden], columns: 3, type)
    #expect(one[1] == 1 && one[0] < 1e-37 && one[2] < 1e-37)
    #expect(softmax([1, .nan, 2], columns: 3, type).allSatisfy { $0.isNaN })
    #expect(softmax([.nan, .nan, .nan], columns: 3, type).allSatisfy { $0.isNaN })
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000])
  func sums(count: Int) {
    var random = RandomStream(seed: 7, purpose: "sums", count)
    let a = (0..<count).map { _ in random.normal() }
    let b = (0..<count).map { _ in random.normal() }
    let sum = a.reduce(0) { $0 + Double($1) }
    let dot = zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    let squares = a.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(Double(uk_sum(a, count)) - sum) <= 1e-6 * Double(count))
    #expect(abs(Double(uk_dot(a, b, count)) - dot) <= 1e-6 * Double(count))
    #expect(abs(uk_sum_squares(a, count) - squares) <= 1e-12 * Double(count))
  }

  @Test func findsWhatIsNotFinite() {
    var values = [Float](repeating: 1, count: 37)
    #expect(uk_all_finite(values, 37) == 1)
    for place in [0, 16, 36] {
      for bad in [Float.nan, .infinity, -.infinity] {
        values[place] = bad
        #expect(uk_all_finite(values, 37) == 0)
        values[place] = 1
      }
    }
  }

  /// Pixels of a patch, channel fastest; normalised with the unbiased variance.
  @Test func patchTargets() {
    let image = (0..<2 * 4 * 4).map { Float($0 * $0 % 23) }
    var plain = [Float](repeating: 0, count: 8)
    uk_patch_targets(image, 2, 4, 4, 2, [3], 1, 0, &plain)
    #expect(plain == [10, 26, 11, 27, 14, 30, 15, 31].map { image[$0] })
    var normalised = plain
    uk_patch_targets(image, 2, 4, 4, 2, [3], 1, 1, &normalised)
    let mean = plain.reduce(0) { $0 + Double($1) } / 8
    let variance = plain.reduce(0) { $0 + pow(Double($1) - mean, 2) } / 7
    for (value, pixel) in zip(normalised, plain) {
      #expect(abs(Double(value) - (Double(pixel) - mean) / (variance + 1e-6).squareRoot()) < 1e-6)
    }
  }
}
