import Foundation

/// Poisson counts for each of 256 grey levels, by looking up the inverse of their distribution.
struct PoissonTable: Sendable {
  /// What a count stands for: level `min(count / scale, 1) · 255`, truncated.
  private let levels: [UInt8]
  /// For each level where its distribution begins, and the count that this stands for.
  private let starts: [(place: Int, count: Int)]
  /// For each level and each of `steps` equal parts of [0, 1) how far in its distribution to begin.
  private let guide: [Int32]
  /// Cumulative probabilities.
  private let cumulative: [Double]

  private static let steps = 64

  /// Counts whose mean is `scale` for white.
  init(scale: Double) {
    var starts: [(Int, Int)] = []
    var guide: [Int32] = []
    var cumulative: [Double] = []
    var longest = 0
    for level in 0..<256 {
      let line = Self.distribution(Double(level) / 255 * scale)
      starts.append((cumulative.count, line.first))
      var place = 0
      for step in 0..<Self.steps {
        while line.sums[place] <= Double(step) / Double(Self.steps) { place += 1 }
        guide.append(Int32(place))
      }
      longest = max(longest, line.first + line.sums.count)
      cumulative += line.sums
    }
    self.starts = starts
    self.guide = guide
    self.cumulative = cumulative
    levels = (0..<longest).map { truncated(Double($0) / scale) }
  }

  /// The cumulative probabilities of the counts from `first`, the last one above every draw.
  private static func distribution(_ mean: Double) -> (first: Int, sums: [Double]) {
    var (probability, sum, count) = (exp(-mean), 0.0, 0)
    var sums: [Double] = []
    var first = 0
    while Double(count) <= mean || probability > 1e-18 {
      sum += probability
      // Counts that no draw can give are left out.
      if sum < 0x1p-60 { first = count + 1 } else { sums.append(sum) }
      count += 1
      probability *= mean / Double(count)
    }
    sums[sums.count - 1] = 2
    return (first, sums)
  }

  /// The picture with counts for samples.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - draws: for each sample 64 random bits, of which the upper 53 are a number in [0, 1).
  /// - Returns: the picture of counts.
  func apply(to image: Image, draws: UnsafePointer<UInt64>) -> Image {
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe cumulative.withUnsafeBufferPointer { cumulative in
        unsafe guide.withUnsafeBufferPointer { guide in
          unsafe starts.withUnsafeBufferPointer { starts in
            unsafe levels.withUnsafeBufferPointer { levels in
              unsafe Image(width: image.width, height: image.height) { target in
                for sample in pixels.indices {
                  let level = unsafe Int(pixels[sample])
                  let draw = unsafe Double(draws[sample] >> 11) * 0x1p-53
                  let start = unsafe starts[level]
                  var place = unsafe Int(guide[level * Self.steps + Int(draw * Double(Self.steps))])
                  while unsafe cumulative[start.place + place] <= draw { place += 1 }
                  unsafe target[sample] = unsafe levels[start.count + place]
                }
              }
            }
          }
        }
      }
    }
  }
}
