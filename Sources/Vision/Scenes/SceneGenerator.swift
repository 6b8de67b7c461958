import Support
import Tensors

/// Makes scenes and their pictures: a pure function of difficulty, seed, split and index.
///
/// Only whole numbers and single additions, multiplications, divisions and square roots of floats
/// are used, in a fixed order, so that every machine makes the same pixels.
package struct SceneGenerator: Sendable {
  /// Widths and heights that can be asked for.
  package static let sides = 16...512

  /// How hard the classes are to tell apart.
  package let difficulty: SceneDifficulty
  /// Width and height of the pictures.
  package let side: Int
  /// Chooses everything.
  package let seed: UInt64
  /// The most objects in a scene, at least one.
  package let greatestObjectCount: Int

  /// A generator.
  package init(
    side: Int, seed: UInt64, greatestObjectCount: Int = 2, difficulty: SceneDifficulty = .hard
  ) {
    precondition(
      Self.sides.contains(side) && greatestObjectCount >= 1,
      "scenes of side \(side) with up to \(greatestObjectCount) objects")
    self.difficulty = difficulty
    self.side = side
    self.seed = seed
    self.greatestObjectCount = greatestObjectCount
  }

  /// Scene `index` of the split `split`; its class is `index` modulo the number of classes.
  package func scene(at index: Int, of split: String) -> Scene {
    var random = RandomStream(seed: seed, purpose: "scenes \(split)", index)
    let shape = SceneShape.allCases[index % SceneShape.allCases.count]
    let ground = SceneTexture(side: side, pattern: difficulty.pattern, random: &random)
    let (least, most) = difficulty.largestSize
    let size = Float(side) * random.uniform(least, most)
    let main = object(shape, size: size, on: ground, &random)
    var objects: [SceneObject] = []
    for _ in 0..<random.below(greatestObjectCount) {
      let shape = SceneShape.allCases[random.below(SceneShape.allCases.count)]
      let size = Float(side) * random.uniform(0.14, 0.22)
      objects.append(object(shape, size: size, on: ground, &random))
    }
    objects.append(main)
    let noise = difficulty.hasNoise ? random.next() : nil
    return Scene(side: side, ground: ground, objects: objects, noise: noise)
  }

  private func object(
    _ shape: SceneShape, size: Float, on ground: SceneTexture, _ random: inout RandomStream
  ) -> SceneObject {
    let extent = Float(side)
    let margin = size * difficulty.margin
    let centre = SIMD2(
      random.uniform(margin, extent - margin), random.uniform(margin, extent - margin))
    let direction =
      difficulty.greatestTilt.map { random.direction(tiltedAtMost: $0) } ?? random.direction()
    let speed = extent * random.uniform(0.02, 0.06)
    let velocity = random.direction() * speed
    return SceneObject(
      shape: shape, texture: visibleTexture(on: ground, &random), centre: centre, size: size,
      direction: direction, velocity: velocity)
  }

  /// A texture whose mean colour differs from the ground's; the first of 16 that differs enough.
  private func visibleTexture(
    on ground: SceneTexture, _ random: inout RandomStream
  ) -> SceneTexture {
    var texture = SceneTexture(side: side, pattern: difficulty.pattern, random: &random)
    for _ in 0..<16 {
      let difference = texture.meanColour - ground.meanColour
      if abs(difference.x) + abs(difference.y) + abs(difference.z) >= 160 { break }
      texture = SceneTexture(side: side, pattern: difficulty.pattern, random: &random)
    }
    return texture
  }
}
