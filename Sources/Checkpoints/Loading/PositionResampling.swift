import Foundation

/// Resampling of a table of positions, axis by axis.
enum PositionResampling: Sendable {
  /// `antialias=True`: cubic with a = −1/2, widened when shrinking; timm's `resample_abs_pos_embed`.
  case antialiased
  /// `antialias=False`: cubic with a = −3/4, four taps, borders repeated; Hugging Face, and MAE's code.
  case plain
  /// As `plain`, but by the scale (to + 0.1) / from, so that all samples lie a little off; DINO's code, iBOT's, and
  /// DINOv2's for its models without registers, whose published numbers were measured so.
  case offset
  /// As `plain`, but corners stay where they are (`align_corners=True`); torchvision's `interpolate_embeddings`.
  case aligned
  /// Linear, borders repeated; Hugging Face for relative positions.
  case linear
  /// Linear between places whose distances grow geometrically from the centre, so that near offsets
  /// keep their meaning; BEiT's, and timm's `resize_rel_pos_bias_table`, for relative positions.
  case geometric

  /// Resamples the square grid of a table; the rows before the grid stay.
  ///
  /// - Parameters:
  ///   - table: `[prefix + from², width]`.
  ///   - prefix: rows before the grid.
  ///   - from: side of the grid in the table.
  ///   - to: side of the grid that is wanted.
  ///   - width: channels.
  /// - Returns: `[prefix + to², width]`.
  func resample(
    _ table: UnsafePointer<Float>, prefix: Int, from: Int, to: Int, width: Int
  ) -> [Float] {
    var result = unsafe Array(UnsafeBufferPointer(start: table, count: prefix * width))
    let taps = (0..<to).map { self.taps($0, from: from, to: to) }
    let rows = unsafe combined(
      table + prefix * width, taps, lines: 1, from: from, stride: from * width)
    let columns = unsafe rows.withUnsafeBufferPointer { rows -> [Float] in
      guard let base = rows.baseAddress else { return [] }
      return unsafe combined(base, taps, lines: to, from: from, stride: width)
    }
    result += columns
    return result
  }

  /// For each of `lines` blocks of `from` vectors of `stride` floats, the weighted sums of the taps.
  private func combined(
    _ source: UnsafePointer<Float>, _ taps: [[(index: Int, weight: Double)]], lines: Int,
    from: Int, stride: Int
  ) -> [Float] {
    var result = [Float](repeating: 0, count: lines * taps.count * stride)
    var sums = [Double](repeating: 0, count: stride)
    for line in 0..<lines {
      for (place, tap) in taps.enumerated() {
        for index in 0..<stride { sums[index] = 0 }
        for (index, weight) in tap {
          let vector = unsafe source + (line * from + index) * stride
          for channel in 0..<stride { unsafe sums[channel] += weight * Double(vector[channel]) }
        }
        let start = (line * taps.count + place) * stride
        for channel in 0..<stride { result[start + channel] = Float(sums[channel]) }
      }
    }
    return result
  }

  /// Which inputs make an output, and by what weight; pixel centres are at halves.
  func taps(_ output: Int, from: Int, to: Int) -> [(index: Int, weight: Double)] {
    let scale = Double(from) / Double(to)
    switch self {
    case .linear:
      let centre = max((Double(output) + 0.5) * scale - 0.5, 0)
      return Self.between(centre, (0..<from).map(Double.init))
    case .geometric:
      return Self.between(Double(output - to / 2), Self.geometricPlaces(from, to))
    case .plain: return Self.around((Double(output) + 0.5) * scale - 0.5, from)
    case .offset:
      return Self.around((Double(output) + 0.5) * Double(from) / (Double(to) + 0.1) - 0.5, from)
    case .aligned:
      return Self.around(Double(output) * Double(from - 1) / Double(max(to - 1, 1)), from)
    case .antialiased:
      let stretch = max(scale, 1)
      let centre = (Double(output) + 0.5) * scale
      let first = max(Int(centre - 2 * stretch + 0.5), 0)
      let end = min(Int(centre + 2 * stretch + 0.5), from)
      let weights = (first..<end).map {
        Self.cubic((Double($0) - centre + 0.5) / stretch, a: -0.5)
      }
      let sum = weights.reduce(0, +)
      return zip(first..<end, weights).map { ($0, $1 / sum) }
    }
  }

  /// Cubic weights of the four places around a point; beyond the ends, the end.
  private static func around(_ centre: Double, _ from: Int) -> [(index: Int, weight: Double)] {
    let first = Int(centre.rounded(.down))
    return (first - 1...first + 2).map { index in
      (min(max(index, 0), from - 1), cubic(Double(index) - centre, a: -0.75))
    }
  }

  /// Linear weights of the two places around a point; beyond the ends, the end.
  private static func between(
    _ point: Double, _ places: [Double]
  ) -> [(index: Int, weight: Double)] {
    guard let right = places.firstIndex(where: { $0 >= point }) else {
      return [(places.count - 1, 1)]
    }
    guard right > 0, places[right] > point else { return [(right, 1)] }
    let share = (point - places[right - 1]) / (places[right] - places[right - 1])
    return [(right - 1, 1 - share), (right, share)]
  }

  /// Where `from` offsets, an odd number, lie among `to`: at 0, ±1, ±(1 + q), ±(1 + q + q²) and so on.
  ///
  /// The ratio `q` is found by bisection in 1.01…1.5, as in the official code, so that the last one lies
  /// at the end.
  private static func geometricPlaces(_ from: Int, _ to: Int) -> [Double] {
    let (count, end) = (from / 2, Double(to / 2))
    var (left, right, ratio) = (1.01, 1.5, 1.01)
    while right - left > 1e-6 {
      ratio = (left + right) / 2
      if (1 - pow(ratio, Double(count))) / (1 - ratio) > end { right = ratio } else { left = ratio }
    }
    var places: [Double] = []
    var place = 1.0
    for index in 0..<count {
      places.append(place)
      place += pow(ratio, Double(index + 1))
    }
    return places.reversed().map { -$0 } + [0] + places
  }

  /// The cubic convolution kernel (Keys 1981).
  private static func cubic(_ offset: Double, a: Double) -> Double {
    let x = abs(offset)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
