import Encoders
import Evaluation
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

@Suite("Feature cache")
struct FeatureCacheTests {
  private let pool = WorkerPool(threads: 2)
  private let all: [FeatureRequest] = [.init(.classToken), .init(.mean), .init(.tokens)]

  private func features(
    _ subject: EvaluationSubject, _ requests: [FeatureRequest], cache: FeatureCache,
    dataset: Dataset = syntheticDataset()
  ) throws -> [FeatureSet] {
    let scope = FeatureCache.Scope(
      subject: subject, precision: .fp32, dataset: dataset.fingerprint, split: "train",
      images: dataset.train)
    return try cache.features(
      try requests.map { try subject.resolve($0) }, of: scope, pool: pool)
  }

  private func floats(_ set: FeatureSet) -> [Float] {
    Array(UnsafeBufferPointer(start: set.floats, count: set.count * set.width))
  }

  private func entries(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("features")).sorted()
  }

  @Test("Class token, mean and tokens are those of the encoder, image by image")
  func encoderAgrees() throws {
    let folder = TemporaryFolder()
    let (subject, dataset) = (try smallSubject(), syntheticDataset(train: 45))
    let sets = try features(
      subject, all, cache: FeatureCache(folder: folder.path), dataset: dataset)
    let encoder = try #require(subject.encoder)
    let parallel = DataParallel(pool: pool, precision: .fp32)
    let (count, width) = (encoder.tokenCount, encoder.width)
    for image in [0, 31, 44] {
      let expected = Tensor([count, width])
      try parallel.forEachSlice(of: 1, slice: 1) { graph, _ in
        let node = graph.constant([1, 3, 16, 16]) {
          subject.preprocessing.render(
            SyntheticSplit(count: 45, seed: 1).image(at: image), into: $0)
        }
        expected.data.update(
          from: encoder.encode(EncoderInput(node), in: graph).sequence.data, count: count * width)
      }
      for c in 0..<width {
        var mean: Float = 0
        for token in 1..<count { mean += expected.data[token * width + c] / Float(count - 1) }
        #expect(abs(sets[0].floats[image * width + c] - expected.data[c]) < 1e-4)
        #expect(abs(sets[1].floats[image * width + c] - mean) < 1e-4)
      }
      // 11 significant bits.
      for i in 0..<count * width {
        let half = Float(Float16(bitPattern: sets[2].halves[image * count * width + i]))
        #expect(abs(half - expected.data[i]) < 1e-4 + abs(expected.data[i]) / 1000)
      }
    }
  }

  @Test(
    "Several layers in one pass are those of a pass each, each of its own width",
    arguments: ["random:vit-tiny/8@16", "random:resnet20@32"])
  func layersTogether(source: String) throws {
    let (subject, folder) = (try EvaluationSubject.load(source, seed: 1), TemporaryFolder())
    let layers: [Int?] = [2, nil, 1]
    let requests = layers.flatMap { layer in
      [FeatureRequest(.mean, layer: layer), FeatureRequest(.tokens, layer: layer)]
    }
    let together = try features(subject, requests, cache: FeatureCache(folder: folder.file("all")))
    for (request, set) in zip(requests, together) {
      let cache = FeatureCache(folder: folder.file("alone"), isFresh: true)
      let alone = try features(subject, [request], cache: cache)[0]
      #expect(set.feature == alone.feature)
      #expect(set.width == subject.encoder?.level(request.layer).channels)
      if request.kind == .mean { #expect(floats(set) == floats(alone)) }
    }
  }

  @Test("Opens what is there, and computes it once")
  func reuse() throws {
    let folder = TemporaryFolder()
    let (subject, cache) = (try smallSubject(), FeatureCache(folder: folder.path))
    let first = try features(subject, all, cache: cache)
    let dates = try entries(folder).map {
      try FileManager.default.attributesOfItem(atPath: folder.file("features/" + $0))[
        .modificationDate] as? Date
    }
    #expect(dates.count == 3)
    let second = try features(subject, all, cache: cache)
    #expect(floats(first[0]) == floats(second[0]))
    let again = try entries(folder).map {
      try FileManager.default.attributesOfItem(atPath: folder.file("features/" + $0))[
        .modificationDate] as? Date
    }
    #expect(dates == again)
  }

  @Test("One encoder never reads another's features, even under the other's file name")
  func neverCrosses() throws {
    let folder = TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let a = try floats(features(smallSubject(seed: 0), [all[0]], cache: cache)[0])
    let nameOfA = try entries(folder)[0]
    let b = try floats(features(smallSubject(seed: 1), [all[0]], cache: cache)[0])
    #expect(a != b)
    let nameOfB = try #require(try entries(folder).first { $0 != nameOfA })
    // Put A's entry where B's was: it verifies, but it is not B's.
    try FileManager.default.removeItem(atPath: folder.file("features/" + nameOfB))
    try FileManager.default.copyItem(
      atPath: folder.file("features/" + nameOfA), toPath: folder.file("features/" + nameOfB))
    let again = try floats(features(smallSubject(seed: 1), [all[0]], cache: cache)[0])
    #expect(again == b)
  }

  @Test("Layer, precision, preprocessing, data and split each have entries of their own")
  func keys() throws {
    let folder = TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let subject = try smallSubject()
    let cropped = EvaluationSubject(
      name: "cropped", source: subject.source, format: subject.format,
      weightsHash: subject.weightsHash, encoder: subject.encoder,
      preprocessing: Preprocessing(side: 16, cropRatio: 0.5))
    let dataset = syntheticDataset(train: 8, test: 8)
    let cases = [
      (subject, Precision.fp32, "x", "train", nil as Int?), (cropped, .fp32, "x", "train", nil),
      (subject, .bf16, "x", "train", nil), (subject, .fp32, "y", "train", nil),
      (subject, .fp32, "x", "test", nil), (subject, .fp32, "x", "train", 2),
    ].filter { Precision.available.contains($0.1) }
    for (subject, precision, fingerprint, split, layer) in cases {
      let scope = FeatureCache.Scope(
        subject: subject, precision: precision, dataset: fingerprint, split: split,
        images: dataset.train)
      _ = try cache.features(
        [subject.resolve(FeatureRequest(.mean, layer: layer))], of: scope, pool: pool)
    }
    #expect(try entries(folder).count == cases.count)
  }

  @Test("A damaged entry is computed again", arguments: ["flip", "truncate", "empty", "extend"])
  func damage(kind: String) throws {
    let folder = TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let subject = try smallSubject()
    let whole = try floats(features(subject, [all[1]], cache: cache)[0])
    let path = folder.file("features/" + (try entries(folder)[0]))
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    switch kind {
    case "flip": data[data.count / 2] ^= 0x10
    case "truncate": data = data.prefix(data.count - 100)
    case "empty": data = Data()
    default: data.append(0)
    }
    try data.write(to: URL(fileURLWithPath: path))
    #expect(try floats(features(subject, [all[1]], cache: cache)[0]) == whole)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != data)
  }

  @Test("Features do not depend on the number of threads")
  func threads() throws {
    let subject = try smallSubject()
    let sets = try [1, 2, 3].map { threads in
      let folder = TemporaryFolder()
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let dataset = syntheticDataset()
      let scope = FeatureCache.Scope(
        subject: subject, precision: .fp32, dataset: "x", split: "train", images: dataset.train)
      let set = try FeatureCache(folder: folder.path).features(
        [subject.resolve(all[0])], of: scope, pool: pool)[0]
      return floats(set)
    }
    #expect(sets[0] == sets[1])
    #expect(sets[0] == sets[2])
  }

  @Test("The folder is chosen by the environment")
  func folder() {
    func folder(_ environment: [String: String]) -> String {
      FeatureCache.defaultFolder(results: "out", environment: environment)
    }
    #expect(folder([:]) == "out/.cache")
    #expect(folder(["XDG_CACHE_HOME": "/c"]) == "/c/unmask")
    #expect(folder(["XDG_CACHE_HOME": "/c", "UNMASK_CACHE": "/u"]) == "/u")
  }

  @Test("Pixels are a subject like any other")
  func pixels() throws {
    let folder = TemporaryFolder()
    let subject = try EvaluationSubject.load("pixels", seed: 0)
    let sets = try features(subject, [all[0], all[2]], cache: FeatureCache(folder: folder.path))
    #expect(sets[0].width == 3 * 32 * 32)
    #expect(sets[1].feature.tokens == 64 && sets[1].width == 48)
    // The first patch's first row of red, against the image.
    for x in 0..<4 {
      let half = Float(Float16(bitPattern: sets[1].halves[x]))
      #expect(abs(half - sets[0].floats[x]) < 2e-3)
    }
  }
}
