/// A rectangle of real numbers in an image, in pixels.
package struct DetectionBox: Equatable, Sendable {
  /// The left edge.
  package var x: Double
  /// The upper edge.
  package var y: Double
  /// The width; edges are places between pixels, so nothing is added.
  package var width: Double
  /// The height.
  package var height: Double

  /// The rectangle with the given corner and size.
  package init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Width times height.
  package var area: Double { width * height }

  /// The intersection with an object's box over their union; zero when they do not meet.
  ///
  /// - Parameters:
  ///   - object: the box of the object.
  ///   - isCrowd: whether it stands for many objects: the share of this box in it is taken then.
  /// - Returns: a share of 0 to 1.
  @inline(__always)
  package func overlap(with object: DetectionBox, isCrowd: Bool) -> Double {
    let across = min(width + x, object.width + object.x) - max(x, object.x)
    guard across > 0 else { return 0 }
    let down = min(height + y, object.height + object.y) - max(y, object.y)
    guard down > 0 else { return 0 }
    let shared = across * down
    return shared / (isCrowd ? area : area + object.area - shared)
  }
}
