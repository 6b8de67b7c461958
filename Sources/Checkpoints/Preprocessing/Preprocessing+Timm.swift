import Vision

extension Preprocessing {
  /// timm's `crop_mode`.
  var timmMode: String {
    switch resize {
    case .squash: "squash"
    case .longSide: "border"
    case .none, .shortSide, .shortSideWithin: "center"
    }
  }

  /// timm's `crop_pct`: the shortest decimal number that gives the length which is resized to.
  var timmRatio: Double {
    guard case .pixels(let count)? = timmLength else {
      if case .ratio(let ratio)? = timmLength { return ratio }
      return 1
    }
    let exact = [Double(side) / Double(count), Double(side) / (Double(count) + 0.5)]
    for digits in 1...15 {
      let unit = (0..<digits).reduce(1.0) { power, _ in power * 10 }
      for value in exact {
        let rounded = (value * unit).rounded() / unit
        if rounded > 0, Int(Double(side) / rounded) == count { return rounded }
      }
    }
    return exact[1]
  }

  private var timmLength: Length? {
    switch resize {
    case .none: nil
    case .shortSide(let length), .shortSideWithin(let length, _), .longSide(let length): length
    case .squash(let width, _): width
    }
  }

  /// Whether timm can be told the same: what its `pretrained_cfg` cannot say is the rounding of odd margins, another
  /// range of samples, pictures that are not resized, and two lengths.
  var isTimm: Bool {
    switch resize {
    case .none, .shortSideWithin: return false
    case .squash(let width, let height): guard width == height else { return false }
    case .shortSide: guard margins == .even else { return false }
    case .longSide: guard fill == statistics.levels else { return false }
    }
    return white == 1 && overhang == 0
  }
}
