/// What stands beyond the first and last sample of a row or column.
enum BorderRule {
  /// The outermost sample: `a a | a b c | c c`; SciPy's `nearest`, ImageMagick's `edge`.
  case nearest
  /// The samples mirrored about the border: `b a | a b c | c b`; SciPy's `reflect`.
  case reflect
  /// The samples mirrored about the outermost one: `c b | a b c | b a`; OpenCV's `BORDER_REFLECT_101`.
  case mirror

  /// The sample that stands at `place`.
  ///
  /// - Parameters:
  ///   - place: any whole number.
  ///   - count: how many samples there are, at least one.
  /// - Returns: a number in `0..<count`.
  @inline(__always)
  func index(_ place: Int, _ count: Int) -> Int {
    if place >= 0 && place < count { return place }
    switch self {
    case .nearest: return place < 0 ? 0 : count - 1
    case .reflect: return folded(place, period: 2 * count, last: 2 * count - 1, count)
    case .mirror:
      return count == 1 ? 0 : folded(place, period: 2 * count - 2, last: 2 * count - 2, count)
    }
  }

  @inline(__always)
  private func folded(_ place: Int, period: Int, last: Int, _ count: Int) -> Int {
    let remainder = place % period
    let positive = remainder < 0 ? remainder + period : remainder
    return positive < count ? positive : last - positive
  }
}
