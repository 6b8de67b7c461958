import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Training
import Vision

@testable import Pretraining

/// Pictures of what masks hide and what is painted in.
@Suite struct PicturesTests {
  private let folder = TemporaryFolder()

  private func images(_ count: Int, side: Int, in graph: Graph) -> Node {
    var random = RandomStream(seed: 5, purpose: "pictures")
    return graph.constant([count, 3, side, side]) { data in
      for index in 0..<count * 3 * side * side { data[index] = Float(random.uniformDouble()) }
    }
  }

  /// Targets painted where they came from give the image back: normalisation is undone exactly.
  @Test(arguments: [true, false], ["pixels", "channels"])
  func paintingInvertsTheTargets(isNormalised: Bool, order: String) throws {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = images(2, side: 12, in: graph)
    let context = PartContext(
      encoder: try VisionTransformer(named: "vit-tiny/4@12"), store: ParameterStore(), prefix: "",
      hiding: .drop, mask: nil, classes: nil)
    let target = try PixelTarget(
      Fields(yaml: "{normalise: \(isNormalised), order: \(order)}", file: "test"), context)
    let plans = [
      MaskPlan(visible: [1, 2, 3, 4, 6, 7], of: 9), MaskPlan(visible: [0, 4, 5, 6, 7, 8], of: 9),
    ]
    let slice = PretrainingSlice(
      images: images, plans: plans, totals: BatchTotals(images: 2, views: 2, hidden: 6))
    let values = target.painted(target.values(of: slice, teacher: nil, in: graph), into: slice)
    let largest = zip(values, images.array).map { abs($0 - $1) }.max() ?? 1
    #expect(largest < 1e-6)
    // Something else in their place changes these patches, and no others.
    let zeros = graph.constant([6, 48]) { $0.update(repeating: 0, count: 6 * 48) }
    let blank = target.painted(zeros, into: slice)
    let changed = Set(blank.indices.filter { abs(blank[$0] - values[$0]) > 1e-6 }.map(patch))
    #expect(changed == [8, 0, 5, 101, 102, 103])
  }

  /// The patch of 4 × 4 that a value of an image of 12 × 12 lies in, plus 100 for the second image.
  private func patch(_ index: Int) -> Int {
    let pixel = index % 144
    return index / 432 * 100 + pixel / 12 / 4 * 3 + pixel % 12 / 4
  }

  private func checkpoint(_ name: String, seed: Int, mask: String) throws -> CheckpointFolder {
    var options = PretrainingOptions()
    options.data = "scenes?side=16&train=64&test=20"
    options.encoder = "vit-tiny/4@16"
    options.out = folder.file(name)
    options.batchSize = 32
    options.epochs = 1
    options.seed = seed
    options.threads = 2
    options.assignments = ["decoder.width=32", "mask=\(mask)"]
    return try pretrain("mae-tiny", options)
  }

  private func pictures(_ checkpoint: CheckpointFolder) throws -> PretrainingPictures? {
    let loaded = try loadCheckpoint(checkpoint.path)
    let encoder = loaded.encoder
    let method = try PretrainingObjective.finished(checkpoint, encoder: encoder)
    guard let method, method.isPaintable else { return nil }
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    return try PretrainingPictures(
      method, preprocessing: loaded.preprocessing,
      images: openDataset("scenes?side=16&train=64&test=20").test, pool: pool)
  }

  @Test func stripsShowTheSameImagesForAll() throws {
    let first = try checkpoint("first", seed: 0, mask: "{kind: random, ratio: 0.75}")
    let one = try #require(try pictures(first))
    let second = try #require(
      try pictures(checkpoint("second", seed: 1, mask: "{kind: random, ratio: 0.75}")))
    let grid = try #require(
      try pictures(checkpoint("grid", seed: 0, mask: "{kind: grid, ratio: 0.75}")))
    #expect(one.original == second.original && one.original == grid.original)
    // The places depend on the mask only, what is painted in on the weights.
    #expect(one.masked == second.masked && one.masked != grid.masked)
    #expect(one.reconstruction != second.reconstruction)
    #expect(one.original.width == 8 * 16 + 7 * 2 && one.original.height == 16)

    // Visible patches are the original's; three quarters of each image are grey.
    let grey = one.masked.pixels.indices.filter {
      one.masked.pixels[$0] == 128 && one.original.pixels[$0] != 128
    }
    let tiles = 8 * 16 * 16 * 3
    #expect(abs(Double(grey.count) / Double(tiles) - 0.75) < 0.01)
    let visible = Set(one.masked.pixels.indices).subtracting(grey).filter {
      one.masked.pixels[$0] != 128
    }
    #expect(visible.allSatisfy { one.reconstruction.pixels[$0] == one.original.pixels[$0] })
    let painted = grey.count { one.reconstruction.pixels[$0] != 128 }
    #expect(painted > grey.count * 9 / 10)
  }

  @Test func withoutDecoderThereAreNone() throws {
    let folder = try checkpoint("bare", seed: 0, mask: "{kind: focal, ratio: 0.75}")
    #expect(try pictures(folder) != nil)
    try AtomicFile.write("damaged", to: folder.pretrainingPath)
    #expect(throws: InputError.self) { try pictures(folder) }
    try FileManager.default.removeItem(atPath: folder.pretrainingPath)
    #expect(try pictures(folder) == nil)
  }

  @Test func largeImagesAreShownSmall() throws {
    let encoder = try VisionTransformer(named: "vit-tiny/16@144")
    encoder.initialize(seed: 0)
    let yaml = "{mask: {ratio: 0.75}, decoder: {width: 16, depth: 1, heads: 2}}"
    let method = try PretrainingObjective(Fields(yaml: yaml, file: "test"), encoder: encoder)
    method.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0))
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let pictures = try PretrainingPictures(
      method, preprocessing: Preprocessing(side: 144, cropRatio: 1),
      images: openDataset("scenes?side=32&train=10&test=10").test, pool: pool)
    #expect(pictures.original.height == 48 && pictures.original.width == 8 * 48 + 7 * 2)
  }
}
