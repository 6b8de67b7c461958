extension Preprocessing {
  /// A length in pixels, at least 1.
  func pixels(_ length: Length) -> Int {
    switch length {
    case .pixels(let count): max(1, count)
    case .ratio(let ratio): max(1, Int(min(Double(made) / ratio, Double(Self.longest))))
    }
  }

  /// No length is greater than this.
  package static let longest = 1 << 16

  /// The size that a picture is resized to; at least one pixel each way.
  func resized(width: Int, height: Int) -> (width: Int, height: Int) {
    switch resize {
    case .none: return (width, height)
    case .squash(let across, let down): return (pixels(across), pixels(down))
    case .shortSide(let length):
      let short = pixels(length)
      return width < height
        ? (short, scaled(short, height, width)) : (scaled(short, width, height), short)
    case .longSide(let length):
      // As timm has it: both by one ratio, rounded.
      let ratio = Double(max(width, height)) / Double(pixels(length))
      return (rounded(Double(width) / ratio), rounded(Double(height) / ratio))
    case .shortSideWithin(let length, let most):
      return bounded(width: width, height: height, short: pixels(length), most: most)
    }
  }

  /// `short · long / base`, rounded down.
  private func scaled(_ short: Int, _ long: Int, _ base: Int) -> Int {
    max(1, Int(Double(short * long) / Double(base)))
  }

  private func rounded(_ value: Double) -> Int { max(1, Int(value.rounded(.toNearestOrEven))) }

  /// transformers' `get_size_with_aspect_ratio`.
  private func bounded(
    width: Int, height: Int, short: Int, most: Int
  ) -> (width: Int, height: Int) {
    let (least, greatest) = (Double(min(width, height)), Double(max(width, height)))
    var (short, exact) = (short, Double(short))
    if greatest / least * exact > Double(most) {
      exact = Double(most) * least / greatest
      short = rounded(exact)
    }
    if min(width, height) == short { return (width, height) }
    return width < height
      ? (short, max(1, Int(exact * Double(height) / Double(width))))
      : (max(1, Int(exact * Double(width) / Double(height))), short)
  }
}
