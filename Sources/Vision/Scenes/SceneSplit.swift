/// Generated scenes as a split of a data set; pictures are made when asked for.
package struct SceneSplit: ImageSplit {
  /// What makes the scenes.
  package let generator: SceneGenerator
  /// The part of the data set, which no other part shares a scene with.
  package let name: String
  /// Number of scenes.
  package let count: Int

  /// The scene at `index`, for its masks, boxes, caption and clip.
  package func scene(at index: Int) -> Scene {
    precondition(index >= 0 && index < count, "scene \(index) of \(count)")
    return generator.scene(at: index, of: name)
  }

  package func image(at index: Int) -> Image { scene(at: index).image() }
  package func label(at index: Int) -> Int { index % SceneShape.allCases.count }
  package func exampleID(at index: Int) -> String { "\(name):\(index)" }
}
