import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

@testable import Evaluation

/// The linear segmentation head beside PyTorch's.
@Suite("Segmentation head")
struct SegmentationHeadTests {
  /// Tokens `[images, tokens, width]` as the cache keeps them.
  private func features(_ tokens: Tensor) -> FeatureSet {
    let (images, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let buffers = FeatureBuffers(
      [
        ResolvedFeature(
          request: FeatureRequest(.tokens), tokens: count, width: width, summary: "tokens")
      ], capacity: images)
    for i in 0..<tokens.count { buffers.halves(0)[i] = Float16(tokens.data[i]).bitPattern }
    return FeatureSet(buffers)
  }

  private func maps(_ golden: Golden, _ name: String) -> [LabelMap] {
    (0..<golden.integer("images", in: name)).map {
      let map = golden.tensor("map_\($0)", in: name)
      return LabelMap(
        width: map.shape[1], height: map.shape[0], labels: map.array.map { UInt8($0) })
    }
  }

  private func trained(_ golden: Golden, _ name: String, threads: Int = 2) throws -> (
    head: SegmentationHead, losses: [Double], tokens: FeatureSet, maps: [LabelMap]
  ) {
    let tokens = golden.tensor("tokens", in: name)
    let images = tokens.shape[0]
    let head = SegmentationHead(
      grid: (golden.integer("rows", in: name), golden.integer("columns", in: name)), prefix: 1,
      width: tokens.shape[2], classes: golden.integer("classes", in: name), seed: 0,
      pool: WorkerPool(threads: threads))
    let weight = try #require(head.store["head.weight"])
    let start = golden.tensor("weight", in: name)
    weight.data.update(from: start.data, count: start.count)
    let (set, maps) = (features(tokens), maps(golden, name))
    let losses = try head.train(
      set, maps, images: (0..<Int32(images)).map { $0 },
      .init(
        learningRate: golden.number("peak", in: name),
        decay: golden.number("weight_decay", in: name),
        schedule: ProbeSchedule(
          epochs: golden.integer("steps", in: name),
          warmUpEpochs: golden.integer("warm_up", in: name), batchSize: images), seed: 0))
    return (head, losses, set, maps)
  }

  /// Sums of a few hundred terms in another order, over twelve steps of AdamW.
  private static let tolerance: Float = 1e-4

  @Test("Training ends where PyTorch's does", arguments: ["equal_sizes", "ragged"])
  func training(name: String) throws {
    let golden = try Golden("segmentation_head")
    let (head, losses, _, _) = try trained(golden, name)
    let expected = golden.tensor("losses", in: name).array
    #expect(losses.count == expected.count)
    for (mine, theirs) in zip(losses, expected) {
      #expect(abs(mine - Double(theirs)) < 1e-5 * max(1, Double(theirs)))
    }
    #expect((expected.last ?? 9) < (expected.first ?? 0))
    for (parameter, key) in [
      ("head.weight", "final_weight"), ("head.bias", "final_bias"),
      ("norm.running_mean", "running_mean"), ("norm.running_var", "running_variance"),
    ] {
      let mine = try #require(head.store[parameter])
      let tensor = Tensor(mine.shape)
      tensor.data.update(from: mine.data, count: mine.count)
      let difference = largestRelativeDifference(tensor, from: golden.tensor(key, in: name))
      #expect(difference < Self.tolerance, "\(parameter): \(difference)")
    }
  }

  @Test("Every labelled pixel gets PyTorch's class", arguments: ["equal_sizes", "ragged"])
  func classes(name: String) throws {
    let golden = try Golden("segmentation_head")
    let (head, _, tokens, maps) = try trained(golden, name)
    let counts = try head.counts(tokens, maps, images: maps.indices.map { Int32($0) })
    for (image, map) in maps.enumerated() {
      let logits = golden.tensor("logits_\(image)", in: name)
      let classes = logits.shape[2]
      var expected = SegmentationCounts(classes: classes)
      for (pixel, label) in map.labels.enumerated() where label != Annotation.ignored {
        let row = UnsafeBufferPointer(start: logits.data + pixel * classes, count: classes)
        expected.add(label: Int(label), prediction: bestClass(row))
      }
      #expect(counts[image] == expected, "image \(image)")
    }
    #expect(counts.contains { $0.intersection.reduce(0, +) > 0 })
  }

  @Test("The same head for any number of threads")
  func threads() throws {
    let golden = try Golden("segmentation_head")
    let heads = try [1, 2, 3].map { try trained(golden, "ragged", threads: $0) }
    let weights = try heads.map { head in
      let weight = try #require(head.head.store["head.weight"])
      return (0..<weight.count).map { weight.data[$0] }
    }
    #expect(weights[0] == weights[1] && weights[0] == weights[2])
    #expect(heads[0].losses == heads[1].losses && heads[0].losses == heads[2].losses)
  }
}
