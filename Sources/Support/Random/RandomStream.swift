import Foundation

/// Random numbers that are a function of a seed, a purpose and indices, never of time or thread.
///
/// Counter-based: the `n`-th draw is a bijective mix of `key + n · golden ratio` (SplitMix64,
/// Steele, Lea & Flood 2014), so streams with different keys are independent for our purposes and
/// the same on every machine.
package struct RandomStream: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The stream of `purpose` (for example `"mask"`) at the given indices (epoch, sample, …).
  package init(seed: UInt64, purpose: String, _ indices: Int...) {
    var key = mixed(seed &+ 0x9E37_79B9_7F4A_7C15)
    for byte in purpose.utf8 { key = mixed(key ^ UInt64(byte)) }
    for index in indices {
      key = mixed(key ^ UInt64(bitPattern: Int64(index)) &+ 0x632B_E59B_D9B4_E019)
    }
    state = key
  }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mixed(state)
  }

  /// Uniform in [0, 1), a multiple of 2⁻²⁴.
  package mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  package mutating func uniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in [low, high).
  package mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * uniform()
  }

  /// Uniform in 0..<bound, without bias worth naming (multiply-shift, Lemire 2019).
  package mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A standard normal draw (Box–Muller; uses two draws).
  package mutating func normal() -> Float {
    let radius = (-2 * log(1 - uniformDouble())).squareRoot()
    return Float(radius * cos(2 * .pi * uniformDouble()))
  }

  /// A random order of `0..<count` (Fisher–Yates).
  package mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, below(last + 1)) }
    return order
  }
}

/// The finaliser of SplitMix64: a bijection on 64 bits with full avalanche.
@inline(__always)
private func mixed(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}
