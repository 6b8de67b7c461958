import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct ScenesTests {
  private func split(
    _ side: Int, seed: UInt64 = 0, objects: Int = 2, difficulty: SceneDifficulty = .hard
  ) -> SceneSplit {
    SceneSplit(
      generator: SceneGenerator(
        side: side, seed: seed, greatestObjectCount: objects, difficulty: difficulty),
      name: "train", count: 10000)
  }

  /// Made on x86-64; any other machine must make the same.
  @Test(
    arguments: [
      (32, 0, .hard, "36bf7b0a883a2c018f73396fb2cca45f0a0967eba69ab9037ef734840ae27927"),
      (64, 7, .hard, "0743600aa2252c4090153b419ce7a344bbc1175bb988461ae2c3f1cf59488fd7"),
      (21, 123, .hard, "9109fd6ba2141df283dbed6ecfe64d524af5a61d73048cace55a59a7b3218fa7"),
      (32, 0, .easy, "9932ffad2b7de0f5ab3e9b752f3bd48aeb2aa6d5d4e951d891820c393a714d9f"),
      (64, 7, .easy, "b5d02e3950fe8c67e91caac492ae999908903eba1b5e4cdbc896684c4bcf3f2f"),
    ] as [(Int, Int, SceneDifficulty, String)])
  func pixelsAreTheSameOnEveryMachine(
    _ golden: (side: Int, seed: Int, difficulty: SceneDifficulty, hash: String)
  ) {
    let split = split(
      golden.side, seed: UInt64(golden.seed), objects: 4, difficulty: golden.difficulty)
    var hash = SHA256()
    for index in 0..<40 {
      hash.update(Data(split.image(at: index).pixels))
      let annotation = split.scene(at: index).annotation(at: 3)
      hash.update(Data(annotation.instanceMap.labels + annotation.semanticMap.labels))
      hash.update(annotation.caption)
    }
    #expect(hash.hex() == golden.hash)
  }

  @Test func picturesDependOnSeedSplitAndIndex() {
    let image = split(32).image(at: 5)
    #expect(split(32).image(at: 5) == image)
    #expect(split(32).image(at: 15) != image)
    #expect(split(32, seed: 1).image(at: 5) != image)
    let test = SceneSplit(generator: split(32).generator, name: "test", count: 10)
    #expect(test.image(at: 5) != image)
  }

  /// What was called `scenes` before there was a choice keeps its name, so its fingerprint.
  @Test func difficultiesAreDataSetsOfTheirOwn() throws {
    let hard = try openDataset("scenes?train=20&test=10&difficulty=hard")
    let plain = try openDataset("scenes?train=20&test=10")
    let easy = try openDataset("scenes?train=20&test=10&difficulty=easy")
    #expect(plain.id == "scenes@1?side=32&train=20&test=10&objects=2&seed=0")
    #expect(hard.id == plain.id && hard.fingerprint == plain.fingerprint)
    #expect(easy.id == "scenes@2?difficulty=easy&side=32&train=20&test=10&objects=2&seed=0")
    #expect(easy.fingerprint != plain.fingerprint)
    #expect(try easy.test.image(at: 3) != plain.test.image(at: 3))
    expectInputError("'difficulty'", "did you mean 'easy'?") {
      _ = try openDataset("scenes?difficulty=esay")
    }
  }

  @Test(arguments: SceneDifficulty.allCases)
  func classesAreBalancedAndAreTheLargestObjects(difficulty: SceneDifficulty) {
    let split = split(48, objects: 3, difficulty: difficulty)
    for index in 0..<200 {
      let scene = split.scene(at: index)
      #expect(scene.label == split.label(at: index) && scene.label == index % 10)
      #expect(scene.objects.dropLast().allSatisfy { $0.size < (scene.objects.last?.size ?? 0) })
    }
  }

  @Test func shapesHaveUnitArea() {
    // At 256 pixels; the middle one of many, because some are cut off at the edge.
    let split = split(256, objects: 1, difficulty: .hard)
    for shape in SceneShape.allCases {
      let areas = (0..<21).map { number -> Double in
        let scene = split.scene(at: 10 * number + shape.rawValue)
        let size = Double(scene.objects[0].size)
        return Double(scene.annotation().instances.first?.area ?? 0) / (size * size)
      }
      #expect(abs(areas.sorted()[10] - 1) < 0.02, "\(shape): \(areas.sorted()[10])")
    }
  }

  @Test(arguments: SceneDifficulty.allCases)
  func annotationsAgreeWithOneAnother(difficulty: SceneDifficulty) {
    let split = split(40, objects: 5, difficulty: difficulty)
    for index in 0..<100 {
      let scene = split.scene(at: index)
      let annotation = scene.annotation()
      #expect(annotation.instances.last?.label == scene.label)
      for (number, instance) in annotation.instances.enumerated() {
        let mask = annotation.mask(of: number)
        #expect(mask.labels.reduce(0) { $0 + Int($1) } == instance.area)
        let inside = mask.labels.indices.filter { mask.labels[$0] == 1 }
        let columns = inside.map { $0 % 40 }
        let rows = inside.map { $0 / 40 }
        let box = instance.box
        #expect(box.x == columns.min() && box.x + box.width - 1 == columns.max())
        #expect(box.y == rows.min() && box.y + box.height - 1 == rows.max())
        #expect(inside.allSatisfy { annotation.semanticMap.labels[$0] == instance.label + 1 })
      }
      let ground = zip(annotation.instanceMap.labels, annotation.semanticMap.labels)
      #expect(ground.allSatisfy { ($0 == 0) == ($1 == 0) })
      #expect(annotation.caption.contains(SceneShape.allCases[scene.label].name))
    }
  }

  @Test(arguments: SceneDifficulty.allCases)
  func masksShowWhereThePictureDiffersFromItsGround(difficulty: SceneDifficulty) {
    // Without objects, the same ground and noise: outside the masks nothing may differ by more than
    // the partly covered pixels at the outlines.
    let scene = split(64, objects: 1, difficulty: difficulty).scene(at: 3)
    let bare = Scene(side: 64, ground: scene.ground, objects: [], noise: scene.noise)
    let (with, without) = (scene.image().pixels, bare.image().pixels)
    let mask = scene.annotation().mask(of: 0).labels
    let changed = (0..<64 * 64).filter { pixel in
      (0..<3).contains { abs(Int(with[3 * pixel + $0]) - Int(without[3 * pixel + $0])) > 12 }
    }
    let covered = mask.indices.filter { mask[$0] == 1 }
    let agreeing = Set(changed).intersection(covered).count
    #expect(Double(agreeing) > 0.9 * Double(covered.count))
    #expect(changed.count < covered.count + 160)
  }

  @Test func clipsMoveTheObjectsOnly() throws {
    let scene = split(64, objects: 1).scene(at: 4)
    let clip = scene.clip(frames: 4)
    #expect(clip.count == 4 && clip[0] == scene.image())
    let (first, last) = (scene.annotation(at: 0), scene.annotation(at: 3))
    let moved = scene.objects[0].centre(at: 3) - scene.objects[0].centre(at: 0)
    let boxes = (try #require(first.instances.first).box, try #require(last.instances.first).box)
    #expect(boxes.0 != boxes.1)
    #expect((moved * moved).sum().squareRoot() >= 3 * 0.02 * 64)
    let ground = (0..<64 * 64).filter {
      first.instanceMap.labels[$0] == 0 && last.instanceMap.labels[$0] == 0
    }
    let still = ground.count {
      abs(Int(clip[0].pixels[3 * $0]) - Int(clip[3].pixels[3 * $0])) <= 12
    }
    #expect(Double(still) > 0.97 * Double(ground.count))
  }

  @Test func rawPixelsDoNotGiveTheClassAway() {
    let (train, test) = (features(0..<1000) { $0 }, features(5000..<5500) { $0 })
    // A class that a nearest mean of raw pixels found would be found by a linear probe too.
    #expect(nearestMeanAccuracy(train, test) < 0.2)
    let colours = { (pixels: [Float]) -> [Float] in colourStatistics(pixels) }
    let accuracy = nearestMeanAccuracy(
      features(0..<1000, colours), features(5000..<5500, colours))
    #expect(accuracy < 0.2)
  }

  @Test func masksGiveTheClassAway() {
    let split = split(32)
    func describe(_ indices: Range<Int>) -> [[Float]] {
      indices.map { index in
        let annotation = split.scene(at: index).annotation()
        return radialProfile(annotation.mask(of: annotation.instances.count - 1))
      }
    }
    // Chance is 0.1; a handful of numbers about the outline suffice for most.
    #expect(nearestMeanAccuracy(describe(0..<1000), describe(5000..<5500)) > 0.6)
  }

  private func features(
    _ indices: Range<Int>, _ transform: ([Float]) -> [Float]
  ) -> [[Float]] {
    let split = split(32)
    return indices.map { transform(split.image(at: $0).pixels.map { Float($0) / 255 }) }
  }
}

/// Mean and spread of each channel.
private func colourStatistics(_ pixels: [Float]) -> [Float] {
  (0..<3).flatMap { channel -> [Float] in
    let values = stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
    let mean = values.reduce(0, +) / Float(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)
    return [mean, variance.squareRoot()]
  }
}

/// Shares of a mask's pixels by distance from its centre of mass, and its inertia in two directions.
private func radialProfile(_ mask: LabelMap) -> [Float] {
  let points = mask.labels.indices.filter { mask.labels[$0] == 1 }
    .map { SIMD2<Float>(Float($0 % mask.width), Float($0 / mask.width)) }
  let count = Float(points.count)
  let centre = points.reduce(SIMD2(0, 0), +) / count
  var bins = [Float](repeating: 0, count: 8)
  var (xx, xy, yy): (Float, Float, Float) = (0, 0, 0)
  for point in points {
    let offset = (point - centre) / count.squareRoot()
    let distance = (offset * offset).sum().squareRoot()
    bins[min(7, Int(distance * 8))] += 1 / count
    xx += offset.x * offset.x / count
    xy += offset.x * offset.y / count
    yy += offset.y * offset.y / count
  }
  let stretch = (((xx - yy) * (xx - yy) + 4 * xy * xy).squareRoot()) * 4
  return bins + [stretch, (xx + yy) * 2]
}

/// How often the nearest class mean is right; examples are of classes 0, 1, …, 9, 0, 1, ….
private func nearestMeanAccuracy(_ train: [[Float]], _ test: [[Float]]) -> Double {
  var means = [[Float]](repeating: [Float](repeating: 0, count: train[0].count), count: 10)
  for (index, example) in train.enumerated() {
    for (place, value) in example.enumerated() { means[index % 10][place] += value }
  }
  for label in 0..<10 { means[label] = means[label].map { $0 / Float(train.count / 10) } }
  let right = test.indices.count { index in
    let distances = means.map { mean in
      zip(mean, test[index]).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return distances.indices.min { distances[$0] < distances[$1] } == index % 10
  }
  return Double(right) / Double(test.count)
}
