import CKernels

extension Graph {
  /// The sum over neighbouring dimensions, which vanish.
  ///
  /// - Parameters:
  ///   - x: float32.
  ///   - axes: which dimensions, for example `1..<3`; not empty.
  /// - Returns: float32.
  package func sum(_ x: Node, axes: Range<Int>) -> Node { reduced(x, axes, scale: 1) }

  /// The mean over neighbouring dimensions, which vanish.
  ///
  /// - Parameters:
  ///   - x: float32.
  ///   - axes: which dimensions, for example `1..<3`; none of them empty.
  /// - Returns: float32.
  package func mean(_ x: Node, axes: Range<Int>) -> Node {
    reduced(x, axes, scale: 1 / Float(x.shape[axes].reduce(1, *)))
  }

  private func reduced(_ x: Node, _ axes: Range<Int>, scale: Float) -> Node {
    precondition(
      !axes.isEmpty && axes.upperBound <= x.shape.count, "no dimensions \(axes) in \(x.shape)")
    let outer = x.shape[..<axes.lowerBound].reduce(1, *)
    let middle = x.shape[axes].reduce(1, *)
    let inner = x.shape[axes.upperBound...].reduce(1, *)
    let out = makeNode(
      Array(x.shape[..<axes.lowerBound] + x.shape[axes.upperBound...]),
      needsGradient: x.needsGradient)
    for block in 0..<outer {
      let from = x.data + block * middle * inner
      let to = out.data + block * inner
      if inner == 1 {
        to[0] = uk_sum(from, middle) * scale
      } else {
        to.update(repeating: 0, count: inner)
        uk_column_sums(from, uk_float32, to, middle, inner)
        uk_scale(to, scale, to, inner)
      }
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        withGradientSum(of: x) { sum in
          uk_scale(d, scale, d, out.count)
          for block in 0..<outer {
            let to = sum + block * middle * inner
            // A row of no elements is added to each of the `middle` rows.
            if inner == 1 {
              let value = d[block]
              for i in 0..<middle { to[i] += value }
            } else {
              uk_add_rows(to, d + block * inner, 1, to, middle, inner)
            }
          }
        }
      }
    }
    return out
  }
}
