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

  package func annotation(at index: Int) -> Annotation {
    Annotation(scene(at: index).annotation(), label: label(at: index))
  }

  package func sample(at index: Int) -> Sample {
    let scene = scene(at: index)
    return Sample(
      image: scene.image(), annotation: Annotation(scene.annotation(), label: label(at: index)))
  }

  package func exampleID(at index: Int) -> String { "\(name):\(index)" }
}

extension Annotation {
  /// The classes of label maps of scenes: the ground, then the shapes.
  static let sceneClasses = ["ground"] + SceneShape.allCases.map { $0.name }

  /// What is known about a scene of the given class.
  fileprivate init(_ scene: SceneAnnotation, label: Int) {
    self.init(
      label: label, labelMap: scene.semanticMap,
      instances: scene.instances.enumerated().map { index, instance in
        Instance(label: instance.label, box: instance.box, mask: scene.mask(of: index))
      }, caption: scene.caption)
  }
}
