import Tensors

/// A generated scene: a textured ground and the objects on it, the last one on top.
package struct Scene: Sendable, Equatable {
  /// Width and height of its pictures.
  package let side: Int
  /// What covers the ground.
  package let ground: SceneTexture
  /// The objects from the back to the front; the last one is the largest and gives the class.
  package let objects: [SceneObject]
  /// Seed of the sensor's noise; nil for none.
  let noise: UInt64?

  /// The class of the scene: the shape of the largest object.
  package var label: Int { objects.last?.shape.rawValue ?? 0 }
}

/// An object of a scene.
package struct SceneObject: Sendable, Equatable {
  /// Its outline.
  package let shape: SceneShape
  /// What covers it; moves with it.
  package let texture: SceneTexture
  /// Its centre in the first picture, in pixels from the left and top.
  package let centre: SIMD2<Float>
  /// The square root of its area in pixels.
  package let size: Float
  /// Where its own horizontal axis points.
  package let direction: SIMD2<Float>
  /// How far it moves from one picture of a clip to the next, in pixels.
  package let velocity: SIMD2<Float>

  /// Its centre in picture `frame` of a clip.
  package func centre(at frame: Int) -> SIMD2<Float> { centre + velocity * Float(frame) }
}
