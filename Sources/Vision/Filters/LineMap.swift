import Foundation

/// A linear map of the samples of a line, each output a weighted sum of neighbouring inputs.
///
/// Blurs with any border rule and resizes are such maps; a separable filter is one for columns and one for rows.
struct LineMap {
  /// Number of samples that come out.
  let outputs: Int
  /// Room for weights, for each output.
  private let taps: Int
  /// For each output its first input, and how many it mixes.
  private let bands: [(first: Int, count: Int)]
  /// `outputs × taps` weights.
  private let weights: [Float]

  /// A map with the given inputs and weights for each output.
  private init(_ rows: [(first: Int, weights: [Float])]) {
    let taps = rows.reduce(2) { max($0, $1.weights.count) }
    self.taps = taps
    outputs = rows.count
    bands = rows.map { ($0.first, $0.weights.count) }
    weights = rows.flatMap { $0.weights + [Float](repeating: 0, count: taps - $0.weights.count) }
  }

  /// The convolution with a symmetric kernel.
  ///
  /// - Parameters:
  ///   - kernel: an odd number of weights, the centre in the middle; may be longer than the line.
  ///   - count: how many samples the line has.
  ///   - border: what stands beyond its ends.
  init(convolvingWith kernel: [Float], count: Int, border: BorderRule) {
    let reach = kernel.count / 2
    self.init(
      (0..<count).map { output in
        let inputs = kernel.indices.map { border.index(output + $0 - reach, count) }
        let first = inputs.min() ?? 0
        var weights = [Float](repeating: 0, count: (inputs.max() ?? 0) - first + 1)
        for (input, weight) in zip(inputs, kernel) { weights[input - first] += weight }
        return (first, weights)
      })
  }

  /// A linear interpolation at the given places, which lie in `0...count − 1`.
  init(interpolatingAt places: [Double], count: Int) {
    self.init(
      places.map { place in
        let first = min(Int(place), max(0, count - 2))
        let share = place - Double(first)
        return count == 1 ? (0, [1]) : (first, [Float(1 - share), Float(share)])
      })
  }

  /// Maps the columns of planes: each row of the result is a weighted sum of rows.
  func mapColumns(_ source: FloatPlanes) -> FloatPlanes {
    let target = FloatPlanes(width: source.width, height: outputs, planes: source.planes)
    unsafe weights.withUnsafeBufferPointer { weights in
      for plane in 0..<source.planes {
        for output in 0..<outputs {
          let band = bands[output]
          unsafe sumRows(
            source.plane(plane) + band.first * source.width, source.width,
            weights.baseAddress.unsafelyUnwrapped + output * taps, band.count,
            into: target.plane(plane) + output * source.width)
        }
      }
    }
    return target
  }

  /// Maps the rows of planes.
  func mapRows(_ source: FloatPlanes) -> FloatPlanes {
    taps <= 2 ? interpolateRows(source) : mapColumns(source.transposed()).transposed()
  }

  private func interpolateRows(_ source: FloatPlanes) -> FloatPlanes {
    let target = FloatPlanes(width: outputs, height: source.height, planes: source.planes)
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bands.withUnsafeBufferPointer { bands in
        for row in 0..<source.planes * source.height {
          let (from, to) = unsafe (
            source.samples + row * source.width, target.samples + row * outputs
          )
          for output in 0..<outputs {
            let first = unsafe bands[output].first
            let second = unsafe first + bands[output].count - 1
            unsafe to[output] =
              unsafe from[first] * weights[output * taps]
              + from[second] * weights[output * taps + taps - 1]
          }
        }
      }
    }
    return target
  }
}

/// Writes the weighted sum of `count` rows that follow one another.
@inline(__always)
private func sumRows(
  _ rows: UnsafePointer<Float>, _ width: Int, _ weights: UnsafePointer<Float>, _ count: Int,
  into target: UnsafeMutablePointer<Float>
) {
  unsafe target.update(repeating: 0, count: width)
  var tap = 0
  while tap + 4 <= count {
    let (a, b, c, d) = unsafe (weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3])
    let first = unsafe rows + tap * width
    let (second, third, fourth) = unsafe (first + width, first + 2 * width, first + 3 * width)
    for x in 0..<width {
      unsafe target[x] += (a * first[x] + b * second[x]) + (c * third[x] + d * fourth[x])
    }
    tap += 4
  }
  while tap < count {
    let (weight, row) = unsafe (weights[tap], rows + tap * width)
    for x in 0..<width { unsafe target[x] += weight * row[x] }
    tap += 1
  }
}

extension FloatPlanes {
  /// Rows and columns of each plane exchanged.
  func transposed() -> FloatPlanes {
    let target = FloatPlanes(width: height, height: width, planes: planes)
    let block = 16
    for plane in 0..<planes {
      let (from, to) = unsafe (self.plane(plane), target.plane(plane))
      for top in stride(from: 0, to: height, by: block) {
        for left in stride(from: 0, to: width, by: block) {
          for x in left..<min(left + block, width) {
            for y in top..<min(top + block, height) {
              unsafe to[x * height + y] = unsafe from[y * width + x]
            }
          }
        }
      }
    }
    return target
  }

  /// A separable filter: the same kernel down and across.
  func convolved(with kernel: [Float], _ border: BorderRule) -> FloatPlanes {
    guard kernel.count > 1 else { return self }
    let down = LineMap(convolvingWith: kernel, count: height, border: border)
    let across =
      width == height ? down : LineMap(convolvingWith: kernel, count: width, border: border)
    return across.mapRows(down.mapColumns(self))
  }

  /// Blurred by a Gaussian of the deviation, in pixels; see `gaussianKernel`.
  func blurred(_ deviation: Double, truncation: Double = 4, _ border: BorderRule = .nearest)
    -> FloatPlanes
  {
    convolved(with: gaussianKernel(deviation, truncation: truncation), border)
  }
}

/// Weights of a Gaussian that add up to one, out to `truncation` deviations: SciPy's `gaussian_filter`.
func gaussianKernel(_ deviation: Double, truncation: Double = 4) -> [Float] {
  gaussianKernel(deviation, reach: Int(truncation * deviation + 0.5))
}

/// Weights of a Gaussian that add up to one, `reach` to either side of the centre.
func gaussianKernel(_ deviation: Double, reach: Int) -> [Float] {
  guard deviation > 0, reach > 0 else { return [1] }
  let values = (-reach...reach).map { exp(-0.5 * Double($0 * $0) / (deviation * deviation)) }
  let sum = values.reduce(0, +)
  return values.map { Float($0 / sum) }
}
