import Foundation

/// A blur along a line that fades out, as of a moving camera: ImageMagick's `-motion-blur`.
///
/// `2 radius + 1` weights of half a Gaussian, and as many whole steps in the direction of the angle; beyond
/// the border stands the outermost sample.
struct MotionKernel {
  private let weights: [Float]
  private let steps: [(x: Int, y: Int)]

  /// A blur.
  ///
  /// - Parameters:
  ///   - radius: in pixels.
  ///   - deviation: of the Gaussian, in pixels.
  ///   - angle: in degrees, clockwise from the right.
  init(radius: Int, deviation: Double, angle: Double) {
    let width = 2 * radius + 1
    let values = (0..<width).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let sum = values.reduce(0, +)
    weights = values.map { Float($0 / sum) }
    let point = (
      x: Double(width) * sin(angle * .pi / 180), y: Double(width) * cos(angle * .pi / 180)
    )
    let length = hypot(point.x, point.y)
    steps = (0..<width).map { step in
      (
        Int((Double(step) * point.y / length - 0.5).rounded(.up)),
        Int((Double(step) * point.x / length - 0.5).rounded(.up))
      )
    }
  }

  /// The planes blurred.
  func filter(_ source: FloatPlanes) -> FloatPlanes {
    let (width, height) = (source.width, source.height)
    let room = weights.count
    let target = FloatPlanes(width: width, height: height, planes: source.planes)
    let padded = FloatPlanes(width: width + 2 * room, height: height, planes: 1)
    for plane in 0..<source.planes {
      for y in 0..<height {
        let (row, centre) = unsafe (
          source.plane(plane) + y * width, padded.samples + y * padded.width + room
        )
        unsafe centre.update(from: row, count: width)
        unsafe (centre - room).update(repeating: row[0], count: room)
        unsafe (centre + width).update(repeating: row[width - 1], count: room)
      }
      for y in 0..<height {
        unsafe sum(padded, y, room, into: target.plane(plane) + y * width, width)
      }
    }
    return target
  }

  private func sum(
    _ padded: FloatPlanes, _ y: Int, _ room: Int, into row: UnsafeMutablePointer<Float>,
    _ width: Int
  ) {
    unsafe row.update(repeating: 0, count: width)
    for (weight, step) in zip(weights, steps) {
      let line = BorderRule.nearest.index(y + step.y, padded.height)
      let source = unsafe padded.samples + line * padded.width + room + step.x
      for x in 0..<width { unsafe row[x] += weight * source[x] }
    }
  }
}
