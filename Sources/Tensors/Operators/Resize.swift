import CKernels
import Foundation

/// How values between pixels are found.
package enum Resampling: String, Sendable, CaseIterable {
  case bilinear
  case bicubic
}

/// The weights with which one axis is resampled: `taps` inputs for each output.
struct ResamplingTable {
  let taps: Int
  /// Which inputs, `[outputs × taps]`.
  var indices: [Int32]
  /// With what weight, `[outputs × taps]`.
  var weights: [Float]

  /// The table of PyTorch's `interpolate` with half-pixel centres (`align_corners` false).
  ///
  /// Without antialiasing the kernel has the width of a pixel of the input, bicubic `a = −0.75`,
  /// and pixels beyond the border repeat it. With antialiasing the kernel widens when shrinking,
  /// `a = −0.5`, and weights beyond the border are shared out among the rest.
  init(_ kind: Resampling, from inputs: Int, to outputs: Int, antialias: Bool) {
    let step = Double(inputs) / Double(outputs)
    let stretch = antialias ? max(step, 1) : 1
    let reach = (kind == .bilinear ? 1.0 : 2.0) * stretch
    let cubic = antialias ? -0.5 : -0.75
    taps = antialias ? min(Int(ceil(reach)) * 2 + 1, inputs) : kind == .bilinear ? 2 : 4
    indices = []
    weights = []
    for output in 0..<outputs {
      let centre = (Double(output) + 0.5) * step
      let first =
        antialias
        ? max(0, Int(centre - reach + 0.5)) : Int(floor(centre - 0.5)) - (taps / 2 - 1)
      let last = antialias ? min(inputs, Int(centre + reach + 0.5)) : first + taps
      var row = (first..<first + taps).map { input -> Double in
        let distance = abs(Double(input) + 0.5 - centre) / stretch
        return input < last ? Self.weight(kind, distance, cubic) : 0
      }
      if antialias {
        let total = row.reduce(0, +)
        row = row.map { $0 / total }
      }
      indices += (first..<first + taps).map { Int32(min(max($0, 0), inputs - 1)) }
      weights += row.map { Float($0) }
    }
  }

  /// The triangle, or the cubic convolution kernel (Keys 1981).
  private static func weight(_ kind: Resampling, _ t: Double, _ a: Double) -> Double {
    switch kind {
    case .bilinear: max(0, 1 - t)
    case .bicubic:
      t < 1
        ? ((a + 2) * t - (a + 3)) * t * t + 1
        : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
    }
  }
}

extension Graph {
  /// Feature maps of another size, as PyTorch's `interpolate` with half-pixel centres.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, height, width, channels]`.
  ///   - height: of the result.
  ///   - width: of the result.
  ///   - kind: bilinear or bicubic.
  ///   - antialias: whether the kernel widens when shrinking.
  /// - Returns: float32 `[batch, height, width, channels]`.
  package func resized(
    _ x: Node, height: Int, width: Int, _ kind: Resampling = .bilinear, antialias: Bool = false
  ) -> Node {
    precondition(x.shape.count == 4, "a feature map has four dimensions, not \(x.shape)")
    let wide = resampled(x, axis: 2, to: width, kind, antialias: antialias)
    return resampled(wide, axis: 1, to: height, kind, antialias: antialias)
  }

  private func resampled(_ x: Node, axis: Int, to size: Int, _ kind: Resampling, antialias: Bool)
    -> Node
  {
    let inputs = x.shape[axis]
    if inputs == size { return x }
    let table = ResamplingTable(kind, from: inputs, to: size, antialias: antialias)
    let outer = x.shape[..<axis].reduce(1, *)
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    var shape = x.shape
    shape[axis] = size
    let out = makeNode(shape, needsGradient: x.needsGradient)
    uk_resample(
      x.data, out.data, outer, inputs, size, inner, table.taps, table.indices, table.weights)
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        withGradientSum(of: x) { sum in
          uk_resample_backward(
            d, sum, outer, inputs, size, inner, table.taps, table.indices, table.weights)
        }
      }
    }
    return out
  }
}
