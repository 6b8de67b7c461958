import Foundation

/// Standard normal draws from 256 layers of equal area (Marsaglia and Tsang 2000, as revised by Doornik 2005).
///
/// Nineteen draws in twenty and more take one look-up, one product and one comparison.
struct NormalZiggurat: Sendable {
  static let shared = NormalZiggurat()

  private static let layers = 256
  /// Where the tail begins, and the area of each layer, for 256 layers.
  private static let tail = 3.654_152_885_361_009
  private static let area = 0.004_928_673_233_99

  /// The right edge of each layer, from the widest, and zero at the end.
  private let edges: [Double]
  /// The share of each layer's width that lies below the curve for sure.
  private let inner: [Double]

  private init() {
    func density(_ x: Double) -> Double { exp(-0.5 * x * x) }
    var edges = [Self.area / density(Self.tail), Self.tail]
    for layer in 2..<Self.layers {
      let above = Self.area / edges[layer - 1] + density(edges[layer - 1])
      edges.append((-2 * log(above)).squareRoot())
    }
    edges.append(0)
    self.edges = edges
    inner = (0..<Self.layers).map { edges[$0 + 1] / edges[$0] }
  }

  /// Writes `count` draws.
  func fill(_ target: UnsafeMutablePointer<Float>, _ count: Int, _ random: inout RandomStream) {
    unsafe edges.withUnsafeBufferPointer { edges in
      unsafe inner.withUnsafeBufferPointer { inner in
        for place in 0..<count {
          let bits = random.next()
          let layer = Int(bits & 0xff)
          // 55 bits, spread over (−1, 1).
          let share = Double(Int64(bitPattern: bits) >> 9) * 0x1p-54
          if unsafe share.magnitude < inner[layer] {
            unsafe target[place] = unsafe Float(share * edges[layer])
          } else {
            unsafe target[place] = unsafe Float(
              Self.outside(share, layer, edges, &random) ?? Self.draw(edges, inner, &random))
          }
        }
      }
    }
  }

  /// A draw, begun anew until one is accepted.
  private static func draw(
    _ edges: UnsafeBufferPointer<Double>, _ inner: UnsafeBufferPointer<Double>,
    _ random: inout RandomStream
  ) -> Double {
    while true {
      let bits = random.next()
      let layer = Int(bits & 0xff)
      let share = Double(Int64(bitPattern: bits) >> 9) * 0x1p-54
      if unsafe share.magnitude < inner[layer] { return unsafe share * edges[layer] }
      if let accepted = unsafe outside(share, layer, edges, &random) { return accepted }
    }
  }

  /// The rare cases: the tail, and the corner of a layer that the curve cuts; nil to draw again.
  private static func outside(
    _ share: Double, _ layer: Int, _ edges: UnsafeBufferPointer<Double>,
    _ random: inout RandomStream
  ) -> Double? {
    guard layer > 0 else {
      // Marsaglia 1964.
      var (beyond, height) = (0.0, 0.0)
      repeat {
        beyond = -log(1 - random.uniformDouble()) / tail
        height = -log(1 - random.uniformDouble())
      } while 2 * height < beyond * beyond
      return share < 0 ? -tail - beyond : tail + beyond
    }
    let x = unsafe share * edges[layer]
    let low = unsafe exp(-0.5 * (edges[layer] * edges[layer] - x * x))
    let high = unsafe exp(-0.5 * (edges[layer + 1] * edges[layer + 1] - x * x))
    return low + random.uniformDouble() * (high - low) < 1 ? x : nil
  }
}
