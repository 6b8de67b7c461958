/// Many draws at once, for loops that spend as long on a call as on a draw.
extension RandomStream {
  /// Writes 64 random bits to each of `count` places: what as many calls of `next` give.
  package mutating func fillBits(_ target: UnsafeMutablePointer<UInt64>, _ count: Int) {
    for place in 0..<count { unsafe target[place] = next() }
  }

  /// Writes draws that are uniform in [low, high): what as many calls of `uniform` give.
  package mutating func fillUniform(
    _ target: UnsafeMutablePointer<Float>, _ count: Int, _ low: Float, _ high: Float
  ) {
    for place in 0..<count { unsafe target[place] = uniform(low, high) }
  }

  /// Writes standard normal draws, by the ziggurat: other ones than `normal` gives, and sooner.
  package mutating func fillNormal(_ target: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe NormalZiggurat.shared.fill(target, count, &self)
  }
}
