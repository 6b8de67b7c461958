/// How hard it is to tell the classes of generated scenes apart.
package enum SceneDifficulty: String, CaseIterable, Sendable {
  /// Large upright shapes of one colour on ground of another, without noise: all that a network has to predict
  /// is the outline.
  case easy
  /// Smaller shapes at any angle, textures of every kind on objects and ground, and a sensor's noise.
  case hard

  /// Changes whenever the same arguments would give other pixels.
  package var version: Int { self == .easy ? 2 : 1 }

  /// The size of the largest object, the square root of its area, as a share of the side.
  var largestSize: (least: Float, most: Float) { self == .easy ? (0.45, 0.62) : (0.34, 0.5) }

  /// How far an object's centre stays from the edges, as a share of its size.
  var margin: Float { self == .easy ? 0.45 : 0.6 }

  /// The tangent of half the greatest angle that objects are turned by; nil for any direction.
  var greatestTilt: Float? { self == .easy ? 0.15 : nil }

  /// The one pattern of objects and ground; nil for all.
  var pattern: SceneTexture.Pattern? { self == .easy ? .plain : nil }

  /// Whether pictures have a sensor's noise.
  var hasNoise: Bool { self == .hard }
}
