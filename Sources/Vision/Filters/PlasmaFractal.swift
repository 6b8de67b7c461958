/// A random height map by the diamond–square method, which repeats beyond its borders.
///
/// As the scripts of Hendrycks and Dietterich 2019 draw fog: the mean of four neighbours plus `wobble · U(−wobble, wobble)`
/// with `wobble` from 100, divided by `decay` after each halving of the step; lowest 0, highest 1.
enum PlasmaFractal {
  /// How many draws a map takes.
  static func draws(side: Int) -> Int { side * side - 1 }

  /// A map.
  ///
  /// - Parameters:
  ///   - side: a power of two, at least 2.
  ///   - decay: above 1 is smooth from afar and rough from near, the more the greater.
  ///   - draws: `draws(side:)` numbers in [−1, 1): of each step first the squares' middles row by row, then the
  ///     middles of upper edges, then those of left edges.
  /// - Returns: a plane of `side × side`.
  static func map(side: Int, decay: Double, draws: UnsafePointer<Float>) -> FloatPlanes {
    precondition(side >= 2 && side & (side - 1) == 0, "\(side) is no power of two")
    let map = FloatPlanes(width: side, height: side, planes: 1)
    unsafe map.samples[0] = 0
    var (step, wobble, next) = unsafe (side, 100.0, draws)
    while step >= 2 {
      unsafe next = unsafe refine(map, step, Float(wobble * wobble), next)
      step /= 2
      wobble /= decay
    }
    normalize(map)
    return map
  }

  /// Fills in the places half a step between those that are known.
  /// - Returns: the draws that are left.
  private static func refine(
    _ map: FloatPlanes, _ step: Int, _ height: Float, _ draws: UnsafePointer<Float>
  ) -> UnsafePointer<Float> {
    let (side, half) = (map.width, step / 2)
    let samples = unsafe map.samples
    var next = unsafe draws
    func at(_ y: Int, _ x: Int) -> Float {
      unsafe samples[(y & (side - 1)) * side + (x & (side - 1))]
    }
    for y in stride(from: 0, to: side, by: step) {
      for x in stride(from: 0, to: side, by: step) {
        let sum = (at(y, x) + at(y + step, x)) + (at(y, x + step) + at(y + step, x + step))
        unsafe samples[(y + half) * side + x + half] = unsafe sum / 4 + height * next.pointee
        unsafe next += 1
      }
    }
    for y in stride(from: 0, to: side, by: step) {
      for x in stride(from: 0, to: side, by: step) {
        let sum = (at(y + half, x + half) + at(y - half, x + half)) + (at(y, x) + at(y, x + step))
        unsafe samples[y * side + x + half] = unsafe sum / 4 + height * next.pointee
        unsafe next += 1
      }
    }
    for y in stride(from: 0, to: side, by: step) {
      for x in stride(from: 0, to: side, by: step) {
        let sum = (at(y + half, x + half) + at(y + half, x - half)) + (at(y, x) + at(y + step, x))
        unsafe samples[(y + half) * side + x] = unsafe sum / 4 + height * next.pointee
        unsafe next += 1
      }
    }
    return unsafe next
  }

  private static func normalize(_ map: FloatPlanes) {
    var (low, high) = (Float.infinity, -Float.infinity)
    for place in 0..<map.count {
      low = unsafe min(low, map.samples[place])
      high = unsafe max(high, map.samples[place])
    }
    let span = high > low ? high - low : 1
    for place in 0..<map.count {
      unsafe map.samples[place] = unsafe (map.samples[place] - low) / span
    }
  }
}
