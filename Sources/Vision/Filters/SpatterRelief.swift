/// How bright drops on a lens are, from how thick their layer is.
///
/// The chain of the scripts of Hendrycks and Dietterich 2019: the distance to the drops' edges, at most 20 pixels,
/// smoothed, its histogram equalised, embossed, smoothed again, times the thickness.
struct SpatterRelief {
  let width: Int
  let height: Int

  /// The brightness of each pixel.
  ///
  /// - Parameter layer: `height × width` levels of thickness.
  /// - Returns: 1 for the brightest; nil where there is no drop.
  func brightness(of layer: [UInt8]) -> [Float]? {
    let edges = CannyEdges.find(layer, width: width, height: height, low: 50, high: 150)
    let distance = ChamferDistance.map(to: edges, width: width, height: height, atMost: 20)
    let smooth = nine(distance) { UInt8(Float($0.reduce(0) { $0 + Double($1) } * (1.0 / 9))) }
    let embossed = nine(equalized(smooth)) { levels in
      let sum = zip(levels, Self.emboss).reduce(0) { $0 + Int($1.0) * $1.1 }
      return UInt8(clamping: sum)
    }
    let relief = nine(embossed) { levels in
      UInt8((2 * levels.reduce(0) { $0 + Int($1) } + 9) / 18)
    }
    let product = zip(layer, relief).map { Float($0) * Float($1) }
    guard let greatest = product.max(), greatest > 0 else { return nil }
    return product.map { $0 / greatest }
  }

  private static let emboss = [-2, -1, 0, -1, 1, 1, 0, 1, 2]

  /// A function of each pixel's neighbourhood of 3 × 3, row after row, mirrored about the border.
  private func nine<Value>(_ values: [Value], _ function: ([Value]) -> UInt8) -> [UInt8] {
    var around = (0..<9).map { _ in values[0] }
    return (0..<width * height).map { index in
      let (x, y) = (index % width, index / width)
      for step in 0..<9 {
        let row = BorderRule.mirror.index(y + step / 3 - 1, height)
        around[step] = values[row * width + BorderRule.mirror.index(x + step % 3 - 1, width)]
      }
      return function(around)
    }
  }

  /// Levels spread so that each is about as frequent: OpenCV's `equalizeHist`.
  private func equalized(_ levels: [UInt8]) -> [UInt8] {
    var counts = [Int](repeating: 0, count: 256)
    for level in levels { counts[Int(level)] += 1 }
    let least = Int(levels.min() ?? 0)
    guard counts[least] < levels.count else { return levels }
    let scale = 255 / Float(levels.count - counts[least])
    var table = [UInt8](repeating: 0, count: 256)
    var sum = 0
    for level in least + 1..<256 {
      sum += counts[level]
      table[level] = UInt8(clamping: Int((Float(sum) * scale).rounded(.toNearestOrEven)))
    }
    return levels.map { table[Int($0)] }
  }
}
