import Support
import Tensors

extension Scene {
  /// The picture of the scene; with `frame` above zero, a later picture of its clip.
  package func image(at frame: Int = 0) -> Image {
    let painters = objects.map { ObjectPainter($0, frame: frame, side: side) }
    return unsafe Image(width: side, height: side) { target in
      unsafe painters.withUnsafeBufferPointer { painters in
        unsafe draw(painters, into: target)
      }
      if let noise { unsafe add(noise, frame, to: target) }
    }
  }

  /// The first `frames` pictures of the scene's clip: the objects move, the ground stays.
  package func clip(frames: Int) -> [Image] { (0..<frames).map { image(at: $0) } }

  private func draw(
    _ painters: UnsafeBufferPointer<ObjectPainter>, into target: UnsafeMutablePointer<UInt8>
  ) {
    let lanes = SIMD8<Float>(0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5)
    for row in 0..<side {
      let y = SIMD8<Float>(repeating: Float(row) + 0.5)
      for column in stride(from: 0, to: side, by: 8) {
        let x = lanes + Float(column)
        var colours = TexturedColours(ground, ground.share(x, y))
        for index in 0..<painters.count
        where unsafe painters[index].touches(column: column, row: row) {
          unsafe painters[index].paint(over: &colours, x, y)
        }
        unsafe colours.store(target + 3 * (row * side + column), count: min(8, side - column))
      }
    }
  }

  /// Adds −6…6 to every sample, as a sensor does; otherwise flat parts would be too easy to predict.
  private func add(
    _ noise: UInt64, _ frame: Int, to samples: UnsafeMutablePointer<UInt8>
  ) {
    var random = RandomStream(seed: noise, purpose: "noise", frame)
    let count = side * side * 3
    for start in stride(from: 0, to: count, by: 8) {
      var bits = random.next()
      for index in start..<min(start + 8, count) {
        let change = Int32(truncatingIfNeeded: (bits & 0xff) * 13 >> 8) - 6
        unsafe samples[index] = unsafe UInt8(max(0, min(255, Int32(samples[index]) + change)))
        bits >>= 8
      }
    }
  }
}

/// The colours of eight neighbouring pixels, 0…255.
struct TexturedColours {
  var red: SIMD8<Float>
  var green: SIMD8<Float>
  var blue: SIMD8<Float>

  /// The colours of a texture where `share` of its second colour shows.
  @inline(__always)
  init(_ texture: SceneTexture, _ share: SIMD8<Float>) {
    let base = texture.colours.0
    let change = texture.colours.1 - base
    red = base.x + change.x * share
    green = base.y + change.y * share
    blue = base.z + change.z * share
  }

  /// Replaces these colours by others where `coverage` is one.
  @inline(__always)
  mutating func cover(with other: TexturedColours, _ coverage: SIMD8<Float>) {
    red += (other.red - red) * coverage
    green += (other.green - green) * coverage
    blue += (other.blue - blue) * coverage
  }

  /// Writes the first `count` pixels, rounded, interleaved.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<UInt8>, count: Int) {
    let (red, green, blue) = (toLevels(red), toLevels(green), toLevels(blue))
    for lane in 0..<count {
      unsafe target[3 * lane] = UInt8(red[lane])
      unsafe target[3 * lane + 1] = UInt8(green[lane])
      unsafe target[3 * lane + 2] = UInt8(blue[lane])
    }
  }
}

/// An object in its place in one picture.
struct ObjectPainter {
  private let object: SceneObject
  private let centre: SIMD2<Float>
  private let scale: Float
  /// The rows and columns that the object may touch.
  private let low: SIMD2<Int32>
  private let high: SIMD2<Int32>

  init(_ object: SceneObject, frame: Int, side: Int) {
    self.object = object
    centre = object.centre(at: frame)
    scale = 1 / object.size
    // No outline reaches further than 0.98 of its size from its centre.
    let reach = object.size * 0.98 + 1
    low = SIMD2(Int32(centre.x - reach), Int32(centre.y - reach))
    high = SIMD2(Int32(centre.x + reach), Int32(centre.y + reach))
  }

  /// Whether any of the eight pixels from `column` on may be covered.
  @inline(__always)
  func touches(column: Int, row: Int) -> Bool {
    row >= low.y && row <= high.y && column + 7 >= low.x && column <= high.x
  }

  /// How much of each pixel the object covers, 0…1.
  @inline(__always)
  func coverage(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
    let (along, across) = local(x, y)
    let distance = object.shape.distance(along * scale, across * scale) * object.size
    return unit(0.5 - distance)
  }

  @inline(__always)
  func paint(over colours: inout TexturedColours, _ x: SIMD8<Float>, _ y: SIMD8<Float>) {
    let (along, across) = local(x, y)
    let distance = object.shape.distance(along * scale, across * scale) * object.size
    let share = object.texture.share(along, across)
    colours.cover(with: TexturedColours(object.texture, share), unit(0.5 - distance))
  }

  /// The object's own coordinates, in pixels from its centre.
  @inline(__always)
  private func local(
    _ x: SIMD8<Float>, _ y: SIMD8<Float>
  ) -> (along: SIMD8<Float>, across: SIMD8<Float>) {
    let (dx, dy) = (x - centre.x, y - centre.y)
    let turn = object.direction
    return (turn.x * dx + turn.y * dy, turn.x * dy - turn.y * dx)
  }
}

/// Cut to 0…255 and rounded to whole numbers (by adding and removing 2²³).
@inline(__always)
private func toLevels(_ value: SIMD8<Float>) -> SIMD8<Float> {
  let cut = larger(SIMD8(repeating: 0), smaller(SIMD8(repeating: 255), value))
  return (cut + 0x1p23) - 0x1p23
}
