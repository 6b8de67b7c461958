import CResampling

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
    if isIdentity { return 0 }
    if interpolation == .nearest { return 1 }
    let reach = interpolation.support * max(Double(source) / Double(full), 1)
    return Int(reach.rounded(.up)) * 2 + 1
  }
}

/// For each sample of a resized row or column: which source samples it mixes, and how.
///
/// The support, centres and normalisation of Pillow's `Image.resize`, and its whole-number weights
/// in units of 2⁻²².
@safe struct ResamplingWeights {
  /// Number of resized samples.
  let count: Int
  /// Whether samples are taken as they are.
  let isIdentity: Bool
  /// The source samples that are mixed at all; `first` counts from its lower bound.
  let sources: Range<Int>
  private let taps: Int
  private let first: UnsafeMutablePointer<Int32>
  private let used: UnsafeMutablePointer<Int32>
  private let weights: UnsafeMutablePointer<Int32>

  /// The bytes of scratch memory that the weights take.
  static func bytes(_ axis: ResamplingAxis, _ interpolation: Interpolation) -> Int {
    2 * ThreadScratch.bytes(for: axis.count, Int32.self)
      + ThreadScratch.bytes(for: axis.count * axis.taps(interpolation), Int32.self)
  }

  /// Computes the weights in scratch memory.
  init(_ axis: ResamplingAxis, _ interpolation: Interpolation, in scratch: ThreadScratch) {
    count = axis.count
    isIdentity = axis.isIdentity
    taps = axis.taps(interpolation)
    unsafe first = unsafe scratch.take(count, Int32.self)
    unsafe used = unsafe scratch.take(count, Int32.self)
    unsafe weights = unsafe scratch.take(count * taps, Int32.self)
    guard !isIdentity else {
      sources = axis.offset..<axis.offset + axis.count
      return
    }
    guard interpolation != .nearest else {
      sources = unsafe Self.fillNearest(axis, first, used, weights)
      return
    }
    let footprint = Footprint(axis, interpolation)
    let start = footprint.samples(under: 0).lowerBound
    for index in 0..<count {
      let samples = footprint.samples(under: index)
      unsafe first[index] = Int32(samples.lowerBound - start)
      unsafe used[index] = Int32(samples.count)
      unsafe footprint.fill(weights + index * taps, index, samples, interpolation)
    }
    sources = start..<footprint.samples(under: count - 1).upperBound
  }

  /// One sample for each, at full weight, with the places summed up step by step as Pillow does.
  /// - Returns: the source samples.
  private static func fillNearest(
    _ axis: ResamplingAxis, _ first: UnsafeMutablePointer<Int32>,
    _ used: UnsafeMutablePointer<Int32>, _ weights: UnsafeMutablePointer<Int32>
  ) -> Range<Int> {
    let step = Double(axis.source) / Double(axis.full)
    var place = step * 0.5
    for _ in 0..<axis.offset { place += step }
    let start = min(Int(place), axis.source - 1)
    var last = start
    for index in 0..<axis.count {
      last = min(Int(place), axis.source - 1)
      unsafe first[index] = Int32(last - start)
      unsafe used[index] = 1
      unsafe weights[index] = 1 << 22
      place += step
    }
    return start..<last + 1
  }

  /// The weights as the kernels take them; valid as long as the scratch memory.
  var kernelArgument: rs_resampling {
    unsafe rs_resampling(count: count, taps: taps, first: first, used: used, weights: weights)
  }
}

/// Where the filter lies for each resized sample.
private struct Footprint {
  private let source: Int
  private let offset: Int
  private let scale: Double
  private let inverse: Double
  private let reach: Double

  init(_ axis: ResamplingAxis, _ interpolation: Interpolation) {
    source = axis.source
    offset = axis.offset
    scale = Double(axis.source) / Double(axis.full)
    let widening = max(scale, 1)
    inverse = 1 / widening
    reach = interpolation.support * widening
  }

  @inline(__always)
  private func centre(_ index: Int) -> Double { (Double(offset + index) + 0.5) * scale }

  /// The source samples under the filter.
  @inline(__always)
  func samples(under index: Int) -> Range<Int> {
    let centre = centre(index)
    return max(0, Int(centre - reach + 0.5))..<min(source, Int(centre + reach + 0.5))
  }

  /// Writes the weights of `samples`, which sum up to about 2²².
  @inline(__always)
  func fill(
    _ row: UnsafeMutablePointer<Int32>, _ index: Int, _ samples: Range<Int>,
    _ interpolation: Interpolation
  ) {
    let centre = centre(index)
    var sum = 0.0
    for sample in samples {
      sum += interpolation.weight(at: (Double(sample) - centre + 0.5) * inverse)
    }
    var place = unsafe row
    for sample in samples {
      let value = interpolation.weight(at: (Double(sample) - centre + 0.5) * inverse)
      let weight = sum == 0 ? value : value / sum
      unsafe place.pointee = Int32(weight * 0x1p22 + (weight < 0 ? -0.5 : 0.5))
      unsafe place += 1
    }
  }
}
