/// What is where in a picture of a scene.
package struct SceneAnnotation: Sendable, Equatable {
  /// An object that can be seen.
  package struct Instance: Sendable, Equatable {
    /// Its class.
    package let label: Int
    /// The smallest box around the pixels that show it.
    package let box: PixelBox
    /// Number of pixels that show it.
    package let area: Int
  }

  /// Width and height of the maps.
  package let side: Int
  /// The objects that can be seen; instance `i` has number `i + 1` in `instanceMap`.
  package let instances: [Instance]
  /// Which instance each pixel shows, counted from one; zero is the ground.
  package let instanceMap: LabelMap
  /// The class that each pixel shows, counted from one; zero is the ground.
  package let semanticMap: LabelMap
  /// A sentence about the picture.
  package let caption: String

  /// The pixels that show instance `index`, 1 or 0 each.
  package func mask(of index: Int) -> LabelMap {
    LabelMap(
      width: side, height: side,
      labels: instanceMap.labels.map { Int($0) == index + 1 ? 1 : 0 })
  }
}

extension Scene {
  /// Masks, boxes, semantic map and caption of the picture at `frame`.
  ///
  /// A pixel shows the front-most object that covers at least half of it. Objects that less than
  /// four pixels show are left out.
  package func annotation(at frame: Int = 0) -> SceneAnnotation {
    let owners = ownerMap(at: frame)
    var extents = [Extent](repeating: Extent(), count: objects.count + 1)
    for (pixel, owner) in owners.enumerated() {
      extents[Int(owner)].add(x: pixel % side, y: pixel / side)
    }
    var number = [UInt8](repeating: 0, count: objects.count + 1)
    var label = number
    var instances: [SceneAnnotation.Instance] = []
    var seen: [SceneObject] = []
    for (index, object) in objects.enumerated() where extents[index + 1].area >= 4 {
      let extent = extents[index + 1]
      instances.append(
        .init(label: object.shape.rawValue, box: extent.box, area: extent.area))
      seen.append(object)
      number[index + 1] = UInt8(instances.count)
      label[index + 1] = UInt8(object.shape.rawValue + 1)
    }
    return SceneAnnotation(
      side: side, instances: instances,
      instanceMap: LabelMap(width: side, height: side, labels: owners.map { number[Int($0)] }),
      semanticMap: LabelMap(width: side, height: side, labels: owners.map { label[Int($0)] }),
      caption: caption(of: seen, at: frame))
  }

  /// Which object, counted from one, owns each pixel.
  private func ownerMap(at frame: Int) -> [UInt8] {
    let lanes = SIMD8<Float>(0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5)
    var owners = [UInt8](repeating: 0, count: side * side)
    for (index, object) in objects.enumerated() {
      let painter = ObjectPainter(object, frame: frame, side: side)
      for row in 0..<side {
        let y = SIMD8<Float>(repeating: Float(row) + 0.5)
        for column in stride(from: 0, to: side, by: 8)
        where painter.touches(column: column, row: row) {
          let coverage = painter.coverage(lanes + Float(column), y)
          for lane in 0..<min(8, side - column) where coverage[lane] >= 0.5 {
            owners[row * side + column + lane] = UInt8(index + 1)
          }
        }
      }
    }
    return owners
  }
}

/// Grows to the box around pixels.
private struct Extent {
  private var left = Int.max
  private var top = Int.max
  private var right = Int.min
  private var bottom = Int.min
  private(set) var area = 0

  mutating func add(x: Int, y: Int) {
    left = min(left, x)
    top = min(top, y)
    right = max(right, x)
    bottom = max(bottom, y)
    area += 1
  }

  /// The box; only with an area above zero.
  var box: PixelBox {
    PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }
}
