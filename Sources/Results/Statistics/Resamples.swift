import Support

/// The images that each bootstrap resample draws, as a function of a seed and the resample's number.
///
/// Draw j of resample b takes 32 bits of a SplitMix64 sequence whose start is the first number of
/// `RandomStream(seed, "bootstrap", b)`: the low half of output j/2 for even j, else the high half.
/// The image is (bits · images) ≫ 32. So resamples are the same for any number of threads, and the
/// same for both sides of a paired comparison.
package struct Resamples: Sendable {
  /// How many images there are, and how many each resample draws.
  package let images: Int
  /// The seed of all resamples.
  package let seed: UInt64

  /// Resamples of `images` images.
  package init(images: Int, seed: UInt64) {
    precondition(images > 0 && images < 1 << 31, "cannot resample \(images) images")
    self.images = images
    self.seed = seed
  }

  /// The images of one resample in the order drawn, each in `0..<images`.
  package func indices(of resample: Int) -> [Int] {
    var drawn: [Int] = []
    drawn.reserveCapacity(images)
    draw(resample) { drawn.append($0) }
    return drawn
  }

  /// Counts how often one resample draws each image.
  ///
  /// - Parameters:
  ///   - resample: the number of the resample.
  ///   - counts: room for `images` bytes, overwritten. More than 255 draws of one image cannot be
  ///     stored; the probability is below 1e-400.
  package func count(_ resample: Int, into counts: UnsafeMutablePointer<UInt8>) {
    unsafe counts.update(repeating: 0, count: images)
    draw(resample) { unsafe counts[$0] &+= 1 }
  }

  @inline(__always)
  private func draw(_ resample: Int, _ take: (Int) -> Void) {
    var stream = RandomStream(seed: seed, purpose: "bootstrap", resample)
    var state = stream.next()
    let bound = UInt64(images)
    for _ in 0..<images / 2 {
      let bits = splitMix(&state)
      take(Int(truncatingIfNeeded: ((bits & 0xFFFF_FFFF) &* bound) >> 32))
      take(Int(truncatingIfNeeded: ((bits >> 32) &* bound) >> 32))
    }
    if !images.isMultiple(of: 2) {
      let bits = splitMix(&state)
      take(Int(truncatingIfNeeded: ((bits & 0xFFFF_FFFF) &* bound) >> 32))
    }
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014), inlined here because half a billion draws are usual.
@inline(__always)
private func splitMix(_ state: inout UInt64) -> UInt64 {
  state &+= 0x9E37_79B9_7F4A_7C15
  var z = state
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}
