import Foundation
import Support
import TestSupport
import Testing

@testable import Results

/// The twelve numbers, from files as users have them.
@Suite struct DetectionAccuracyTests {
  private let folder = TemporaryFolder()
  private let pool = WorkerPool(threads: 2)

  private func accuracy(
    _ truth: JSON, _ detections: JSON, _ shape: DetectionProblem.Shape, resamples: Int = 0,
    pool: WorkerPool? = nil
  ) throws -> DetectionAccuracy {
    let paths = [folder.file("truth.json"), folder.file("found.json")]
    for (json, path) in zip([truth, detections], paths) {
      try json.data().write(to: URL(fileURLWithPath: path))
    }
    let annotations = try COCOAnnotations(contentsOf: paths[0])
    let (problem, _) = try DetectionProblem.coco(
      annotations, COCODetections(contentsOf: paths[1], for: annotations), comparing: shape)
    return try DetectionAccuracy(
      problem, categories: annotations.categories.map { ($0.id, $0.name) }, resamples: resamples,
      pool: pool ?? self.pool)
  }

  @Test(arguments: DetectionProblem.Shape.allCases)
  func awkwardProblemsScoreAsInPycocotools(shape: DetectionProblem.Shape) throws {
    let problems = try DetectionGoldens.entries("problems")
    #expect(problems.count == 20)
    var positive = 0
    for (number, problem) in problems.enumerated() {
      let (truth, found) = (problem["ground_truth"] ?? .null, problem["detections"] ?? .null)
      let values = try accuracy(truth, found, shape).scores.map(\.value)
      let expected = try #require(problem[shape.rawValue]?.array?.compactMap({ $0.double }))
      #expect(expected.count == 12)
      for (value, golden) in zip(values, expected) {
        #expect(abs(value - golden) < 1e-9, "problem \(number): \(values), not \(expected)")
      }
      positive += expected[0] > 0 ? 1 : 0
    }
    #expect(positive > 8, "problems in which nothing is found prove little")
  }

  /// Two objects; a hit, a miss and a hit in the order of scores: 51 levels at 1, 50 at 2/3.
  private func twoHits(id: Int = 1, more: [JSON] = []) -> (JSON, JSON) {
    func box(_ x: Int) -> JSON { [.integer(x), 0, 40, 40] }
    let objects = [0, 100].enumerated().map { index, x -> JSON in
      [
        "id": .integer(id + index), "image_id": 5, "category_id": 3, "bbox": box(x), "area": 1600,
        "iscrowd": 0,
      ]
    }
    let found = [(0, 0.9), (200, 0.8), (100, 0.7)].map { x, score -> JSON in
      ["image_id": 5, "category_id": 3, "bbox": box(x), "score": .number(score)]
    }
    let truth: JSON = [
      "images": [["id": 5], ["id": 9]], "annotations": .array(objects + more),
      "categories": [["id": 3, "name": "cat"], ["id": 4, "name": "dog"]],
    ]
    return (truth, .array(found))
  }

  @Test func byHand() throws {
    let (truth, found) = twoHits()
    let scores = try accuracy(truth, found, .boxes).scores
    #expect(abs(scores[0].value - (51 + 50 * 2.0 / 3) / 101) < 1e-12)
    #expect(scores.map(\.name).prefix(3) == ["AP", "AP50", "AP75"])
    let values = Dictionary(uniqueKeysWithValues: scores.map { ($0.name, $0.value) })
    #expect(values["APs"] == -1 && values["APl"] == -1 && values["AR1"] == 0.5)
    #expect(values["AR10"] == 1 && values["APm"] == values["AP"])
    #expect(scores.allSatisfy { $0.metric == nil })
  }

  @Test func theObjectWithIDZeroCountsAsNotFound() throws {
    let (truth, found) = twoHits(id: 0)
    // Its hit is a false positive: of two objects one is found, third.
    let scores = try accuracy(truth, found, .boxes).scores
    #expect(abs(scores[0].value - 51.0 / 3 / 101) < 1e-12)
  }

  @Test func detectionsInACrowdAreNoMistakes() throws {
    let crowd: JSON = [
      "id": 7, "image_id": 5, "category_id": 3, "bbox": [190, 0, 200, 200], "area": 40000,
      "iscrowd": 1,
    ]
    let (truth, found) = twoHits(more: [crowd])
    #expect(try accuracy(truth, found, .boxes).scores[0].value > 1 - 1e-12)
  }

  @Test func categoriesAreAlsoScoredAlone() throws {
    let (truth, found) = twoHits()
    let accuracy = try accuracy(truth, found, .boxes, resamples: 50)
    #expect(accuracy.categories.map(\.id) == [3, 4] && accuracy.categories[0].name == "cat")
    #expect(accuracy.categories[0].objects == 2 && accuracy.categories[0].detections == 3)
    #expect(accuracy.categories[0].values[0] == accuracy.scores[0].value)
    #expect(accuracy.categories[1].values.allSatisfy { $0 == -1 })
    #expect(accuracy.categories[1].precision == nil)
  }

  /// Many images, each with one object of two categories, found or not.
  private func many(_ images: Int) -> (JSON, JSON) {
    var random = RandomStream(seed: 8, purpose: "detections")
    var (objects, found): ([JSON], [JSON]) = ([], [])
    for image in 0..<images {
      for _ in 0..<2 {
        let (x, y) = (random.below(300), random.below(300))
        let category = 1 + random.below(2)
        let side = 20 + random.below(100)
        objects.append([
          "id": .integer(objects.count + 1), "image_id": .integer(image),
          "category_id": .integer(category), "area": .integer(side * side), "iscrowd": 0,
          "bbox": [.integer(x), .integer(y), .integer(side), .integer(side)],
        ])
        guard random.below(4) > 0 else { continue }
        found.append([
          "image_id": .integer(image), "category_id": .integer(category),
          "score": .number(random.uniformDouble()),
          "bbox": [.integer(x + random.below(12)), .integer(y), .integer(side), .integer(side)],
        ])
      }
    }
    let truth: JSON = [
      "images": .array((0..<images).map { ["id": .integer($0)] }), "annotations": .array(objects),
      "categories": [["id": 1], ["id": 2]],
    ]
    return (truth, .array(found))
  }

  @Test func intervalsHoldTheValueForAnyNumberOfThreads() throws {
    let (truth, found) = many(120)
    let first = try accuracy(truth, found, .boxes, resamples: 200)
    let second = try accuracy(
      truth, found, .boxes, resamples: 200, pool: WorkerPool(threads: 3))
    #expect(first.scores.map(\.metric) == second.scores.map(\.metric))
    #expect(first.categories.map(\.precision) == second.categories.map(\.precision))
    for score in first.scores {
      let metric = try #require(score.metric)
      #expect(metric.interval.low < score.value && score.value < metric.interval.high, "\(score)")
      #expect(metric.count == 120 && metric.standardError > 0)
    }
    // Half of the objects make a wider interval than all.
    let error = try #require(first.scores[0].metric?.standardError)
    #expect(first.categories.allSatisfy { ($0.precision?.standardError ?? 0) > error })
  }

  /// A resample is the data set with images repeated or left out, which can be scored as such.
  @Test func aResampleScoresAsTheImagesItDraws() throws {
    let (truth, found) = many(9)
    let plan = Resamples(images: 9, seed: 0)
    var (images, objects, detections): ([JSON], [JSON], [JSON]) = ([], [], [])
    for (copy, image) in plan.indices(of: 0).enumerated() {
      func moved(_ list: JSON?) -> [JSON] {
        (list?.array ?? []).filter { $0["image_id"]?.int == image }.map { entry in
          var members = entry.object ?? [:]
          members["image_id"] = .integer(copy)
          members["id"] = .integer(100 * (copy + 1) + (entry["id"]?.int ?? 0))
          return .object(members)
        }
      }
      images.append(["id": .integer(copy)])
      objects += moved(truth["annotations"])
      detections += moved(found)
    }
    let drawn = try accuracy(
      [
        "images": .array(images), "annotations": .array(objects),
        "categories": truth["categories"] ?? .null,
      ], .array(detections), .boxes)
    let paths = [folder.file("truth.json"), folder.file("found.json")]
    try truth.data().write(to: URL(fileURLWithPath: paths[0]))
    try found.data().write(to: URL(fileURLWithPath: paths[1]))
    let annotations = try COCOAnnotations(contentsOf: paths[0])
    let (problem, _) = try DetectionProblem.coco(
      annotations, COCODetections(contentsOf: paths[1], for: annotations), comparing: .boxes)
    let curves = DetectionCurves(try DetectionMatches(problem, pool: pool), pool: pool)
    let values = DetectionSummary(curves).values(
      weights: DetectionSummary.weights(plan, first: 0), CurveScorer(curves))
    for (value, score) in zip(values.mean, drawn.scores) {
      #expect(abs(value[0] - score.value) < 1e-9, "\(score.name)")
    }
  }
}
