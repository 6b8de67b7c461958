extension Preprocessing {
  /// The transform for people: `short side to 256 px (bicubic), centre 224×224, mean …, deviation …`.
  package var words: String {
    let scale = white == 1 ? "" : ", white as \(brief(white))"
    let normalised =
      statistics == .none
      ? ", not normalised"
      : ", mean \(words(statistics.mean)), deviation \(words(statistics.deviation))"
    return view + scale + normalised
  }

  /// What the encoder sees of a picture, for people; two transforms of the same view show the same pixels.
  package var view: String {
    "\(resizeWords), \(cutWords)"
  }

  private var resizeWords: String {
    let filter = "(\(interpolation.rawValue))"
    switch resize {
    case .none: return "not resized"
    case .shortSide(let length): return "short side to \(pixels(length)) px \(filter)"
    case .shortSideWithin(let length, let most):
      return "short side to \(pixels(length)) px, long side to \(most) px at most \(filter)"
    case .longSide(let length): return "long side to \(pixels(length)) px \(filter)"
    case .squash(let width, let height):
      return "squashed to \(pixels(width))×\(pixels(height)) \(filter)"
    }
  }

  private var cutWords: String {
    if case .squash(let width, let height) = resize, pixels(width) == made, pixels(height) == made {
      return "whole" + trimWords
    }
    let rounding = margins == .down && cuts ? ", odd margins rounded down" : ""
    let border =
      mayBeFilled ? ", filled up with \(fill.map { "\($0)" }.joined(separator: " "))" : ""
    return "centre \(made)×\(made)\(rounding)\(border)\(trimWords)"
  }

  private var trimWords: String {
    overhang == 0 ? "" : ", less \(overhang) px to the right and below"
  }

  /// Whether something may be cut off.
  private var cuts: Bool {
    if case .longSide(let length) = resize { return pixels(length) > made }
    return true
  }

  /// Whether a picture may end up smaller than the side.
  private var mayBeFilled: Bool {
    switch resize {
    case .none, .longSide, .shortSideWithin: true
    case .shortSide(let length): pixels(length) < made
    case .squash(let width, let height): min(pixels(width), pixels(height)) < made
    }
  }

  private func words(_ values: [Float]) -> String {
    values.map { "\($0)" }.joined(separator: " ")
  }

  private func brief(_ value: Double) -> String { "\(Float(value))" }
}
