/// For each sample of a resized row or column: which source samples it mixes, and how.
///
/// The same support, centres and normalisation as Pillow's `Image.resize`, whose weights are
/// rounded to multiples of 2⁻²², which a `Float` holds exactly.
struct ResamplingWeights {
  /// Number of resized samples.
  let count: Int
  /// Distance between the weights of neighbouring samples in `weights`.
  let taps: Int
  /// Index of the first source sample, one a resized sample.
  let first: UnsafeMutablePointer<Int32>
  /// How many source samples are mixed, one a resized sample.
  let used: UnsafeMutablePointer<Int32>
  /// `count × taps` weights.
  let weights: UnsafeMutablePointer<Float>

  /// The bytes of scratch memory that the weights take.
  static func bytes(_ axis: ResamplingAxis, _ interpolation: Interpolation) -> Int {
    2 * ThreadScratch.bytes(for: axis.count, Int32.self)
      + ThreadScratch.bytes(for: axis.count * axis.taps(interpolation), Float.self)
  }

  /// Computes the weights in scratch memory.
  init(_ axis: ResamplingAxis, _ interpolation: Interpolation, in scratch: ThreadScratch) {
    count = axis.count
    taps = axis.taps(interpolation)
    first = scratch.take(count, Int32.self)
    used = scratch.take(count, Int32.self)
    weights = scratch.take(count * taps, Float.self)
    if axis.isIdentity {
      for index in 0..<count {
        first[index] = Int32(axis.offset + index)
        used[index] = 1
        weights[index] = 1
      }
    } else {
      switch interpolation {
      case .bilinear:
        fill(axis, support: Interpolation.bilinear.support) {
          Interpolation.bilinear.weight(at: $0)
        }
      case .bicubic:
        fill(axis, support: Interpolation.bicubic.support) { Interpolation.bicubic.weight(at: $0) }
      }
    }
  }

  @inline(__always)
  private func fill(_ axis: ResamplingAxis, support: Double, _ weight: (Double) -> Double) {
    let scale = Double(axis.source) / Double(axis.full)
    let filterScale = max(scale, 1)
    let reach = support * filterScale
    let inverse = 1 / filterScale
    for index in 0..<count {
      let centre = (Double(axis.offset + index) + 0.5) * scale
      let low = max(0, Int(centre - reach + 0.5))
      let high = min(axis.source, Int(centre + reach + 0.5))
      let row = weights + index * taps
      var sum = 0.0
      for tap in 0..<high - low {
        let value = weight((Double(tap + low) - centre + 0.5) * inverse)
        sum += value
      }
      for tap in 0..<high - low {
        let value = weight((Double(tap + low) - centre + 0.5) * inverse) / sum * 0x1p22
        row[tap] = Float(Int32(value < 0 ? value - 0.5 : value + 0.5)) * 0x1p-22
      }
      first[index] = Int32(low)
      used[index] = Int32(high - low)
    }
  }

  /// The source samples that any of the resized samples needs.
  var sourceRange: Range<Int> {
    var low = Int32.max
    var high = Int32.min
    for index in 0..<count {
      low = min(low, first[index])
      high = max(high, first[index] + used[index])
    }
    return Int(low)..<Int(high)
  }
}

/// One direction of a resize: `source` samples become `full`, of which `count` from `offset` are
/// wanted.
struct ResamplingAxis {
  let source: Int
  let full: Int
  let offset: Int
  let count: Int

  /// Whether nothing is resized in this direction.
  var isIdentity: Bool { source == full }

  /// The most source samples that one resized sample mixes.
  func taps(_ interpolation: Interpolation) -> Int {
    if isIdentity { return 1 }
    let reach = interpolation.support * max(Double(source) / Double(full), 1)
    return Int(reach.rounded(.up)) * 2 + 1
  }
}
