import Support

/// Generated pictures of textured shapes on textured grounds.
enum Scenes: DatasetKind {
  static let kind = "scenes"
  static let summary = "generated: textured shapes on textured grounds, needs no files"
  static let placeholder: String? = nil
  static let options = [
    DatasetOption(
      name: "difficulty", summary: "of telling the classes apart: 'hard' (default) or 'easy'"),
    DatasetOption(name: "side", summary: "width and height in pixels (16…512; 32)"),
    DatasetOption(name: "train", summary: "number of training pictures (10…10000000; 2000)"),
    DatasetOption(name: "test", summary: "number of test pictures (10…10000000; 500)"),
    DatasetOption(name: "objects", summary: "the most objects in a picture (1…8; 2)"),
    DatasetOption(name: "seed", summary: "chooses the pictures (0)"),
  ]

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let counts = 10...10_000_000
    let side = try specification.integer("side", default: 32, in: SceneGenerator.sides)
    let train = try specification.integer("train", default: 2000, in: counts)
    let test = try specification.integer("test", default: 500, in: counts)
    let objects = try specification.integer("objects", default: 2, in: 1...8)
    let seed = try specification.integer("seed", default: 0, in: 0...Int.max)
    let named = try specification.choice("difficulty", of: ["hard", "easy"])
    let difficulty = SceneDifficulty(rawValue: named) ?? .hard
    let generator = SceneGenerator(
      side: side, seed: UInt64(seed), greatestObjectCount: objects, difficulty: difficulty)
    // `hard` is the first version, whose name had no difficulty: it stays what it was called.
    let chosen = difficulty == .hard ? "" : "difficulty=\(named)&"
    let recipe =
      "scenes@\(difficulty.version)?\(chosen)side=\(side)&train=\(train)&test=\(test)"
      + "&objects=\(objects)&seed=\(seed)"
    return Dataset(
      id: recipe, classes: SceneShape.allCases.map { $0.name },
      annotations: Set(Annotation.Kind.allCases), mapClasses: Annotation.sceneClasses,
      fingerprint: SHA256.hex(of: recipe),
      train: SceneSplit(generator: generator, name: "train", count: train),
      test: SceneSplit(generator: generator, name: "test", count: test))
  }
}
