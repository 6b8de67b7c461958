import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite("Representation")
struct RepresentationTests {
  private let golden: JSON

  init() throws {
    let path = packageFolder + "/Tests/Goldens/representation.json"
    golden = try JSON.parse(Data(contentsOf: URL(fileURLWithPath: path)), from: path)
  }

  private func floats(_ key: String) -> [Float] { golden.numbers(key).map(Float.init) }

  /// Moments of rows of the golden file, in ten groups.
  private func moments(
    _ x: [Float], _ y: [Float]? = nil, width: Int, yWidth: Int? = nil, rows: [Int]? = nil,
    perExample: Int = 1
  ) -> FeatureMoments {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let first = tensor(x)
    let second = y.map(tensor)
    return withExtendedLifetime((first, second)) {
      FeatureMoments(
        first.data, second.map { UnsafePointer($0.data) },
        rows: rows ?? Array(0..<x.count / width), perExample: perExample, xWidth: width,
        yWidth: yWidth, groups: 10, pool: pool)
    }
  }

  private func unit(_ values: [Float], width: Int) -> [Float] {
    let rows = tensor(values)
    return withExtendedLifetime(rows) {
      unitRows(rows.data, Array(0..<values.count / width), width: width)
    }
  }

  private func tensor(_ values: [Float]) -> Tensor {
    let tensor = Tensor([values.count])
    for (i, value) in values.enumerated() { tensor.data[i] = value }
    return tensor
  }

  private func expect(_ value: Double?, _ key: String, within tolerance: Double = 1e-6) throws {
    let value = try #require(value)
    let expected = golden.number(key)
    #expect(agree(value, expected, within: tolerance), "\(key): \(value), NumPy has \(expected)")
  }

  @Test("Ranks agree with NumPy's singular values, with and without a group")
  func ranks() throws {
    let moments = moments(floats("x"), width: 8)
    try expect(RepresentationSpectrum.rankMe(moments), "rankme")
    try expect(RepresentationSpectrum.rankMe(moments, without: 3), "rankme_without_3")
    try expect(RepresentationSpectrum.effectiveRank(moments), "effective_rank")
    // Fewer images than features: no more singular values than images.
    let few = self.moments(floats("x"), width: 8, rows: Array(0..<5))
    try expect(RepresentationSpectrum.rankMe(few), "rankme_of_5")
  }

  @Test("LiDAR agrees with NumPy, with and without a group")
  func lidar() throws {
    let views = floats("views")
    let (count, images, width) = (4, 30, 6)
    var means = [Float](repeating: 0, count: images * width)
    for i in views.indices { means[i % means.count] += views[i] / Float(count) }
    let deviations = views.indices.map { views[$0] - means[$0 % means.count] }
    let order = (0..<images).flatMap { image in (0..<count).map { $0 * images + image } }
    let (first, second) = (
      moments(means, width: width),
      moments(deviations, width: width, rows: order, perExample: count)
    )
    let whole = RepresentationSpectrum.lidar(means: first, deviations: second)
    try expect(whole, "lidar", within: 1e-5)
    let part = RepresentationSpectrum.lidar(means: first, deviations: second, without: 2)
    try expect(part, "lidar_without_2", within: 1e-5)
  }

  @Test("Alignment and uniformity agree with SciPy's distances")
  func alignmentAndUniformity() throws {
    let views = floats("views")
    let distances = alignmentDistances(unit(views, width: 6), views: 4, images: 30, width: 6)
    for (value, expected) in zip(distances, golden.numbers("alignment")) {
      #expect(agree(value, expected, within: 1e-6))
    }
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let sums = UniformitySums(unit(floats("x"), width: 8), width: 8, groups: 10, pool: pool)
    try expect(sums.uniformity(), "uniformity")
    try expect(sums.uniformity(without: 4), "uniformity_without_4")
  }

  @Test("CKA agrees with NumPy, is 1 for the same features, and does not see rotation")
  func cka() throws {
    let (x, y) = (floats("x"), floats("y"))
    let (first, second) = (moments(x, width: 8), moments(y, width: 5))
    let cross = moments(x, y, width: 8, yWidth: 5)
    try expect(RepresentationSpectrum.linearCKA(first, second, cross: cross), "cka")
    try expect(
      RepresentationSpectrum.linearCKA(first, second, cross: cross, without: 1), "cka_without_1")
    let swapped = x.indices.map { x[$0 / 8 * 8 + (7 - $0 % 8)] }
    let same = RepresentationSpectrum.linearCKA(
      first, moments(swapped, width: 8), cross: moments(x, swapped, width: 8, yWidth: 8))
    #expect(agree(try #require(same), 1))
  }

  @Test("The jackknife of a mean is the usual standard error")
  func jackknife() {
    let values = [3.0, 1, 4, 1, 5, 9, 2, 6]
    let mean = values.reduce(0, +) / 8
    let without = values.map { (8 * mean - $0) / 7 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let jackknife = GroupJackknife(value: mean, replicates: without)
    #expect(agree(jackknife.standardError, (squares / 7 / 8).squareRoot()))
    #expect(jackknife.interval.contains(mean))
  }

  @Test("The task measures an encoder, compares it with others, and is the same for any threads")
  func task() throws {
    let folder = TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let settings = ["viewed_images=20", "cka_with=random:vit-tiny/8@16"]
    let definition = try EvaluationTests.task("representation", settings)
    let subject = try smallSubject()
    let one = try run(definition, on: subject, syntheticDataset(), cache: cache, threads: 1)
    let two = try run(definition, on: subject, syntheticDataset(), cache: cache, threads: 2)
    #expect(one.metrics == two.metrics)
    // The same weights, hence the same features.
    #expect(agree(one.metrics["cka"]?.value ?? .nan, 1))
    #expect(one.config["cka_with_weights"] == .string(subject.weightsHash ?? ""))
    let rank = one.metrics["effective_rank"]?.value ?? .nan
    #expect(rank > 1 && rank < 192)
    #expect((one.metrics["alignment"]?.value ?? .nan) > 0)
    #expect((one.metrics["uniformity"]?.value ?? .nan) < 0)
    #expect(agree(one.details["feature_health"]?.number("effective_rank") ?? .nan, rank))
    let other = try EvaluationSubject.load("random:vit-tiny/8@16", seed: 5)
    let against = try run(definition, on: other, syntheticDataset(), cache: cache)
    let cka = against.metrics["cka"]?.value ?? .nan
    #expect(cka > 0 && cka < 0.9999)
  }

  @Test("Too few images are refused")
  func refusals() throws {
    let folder = TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let definition = try EvaluationTests.task("representation")
    #expect(throws: InputError.self) {
      try run(definition, on: smallSubject(), syntheticDataset(test: 12), cache: cache)
    }
  }

  @Test("Raw pixels are skipped beside an encoder, with the reason, and refused alone")
  func pixels() throws {
    let folder = TemporaryFolder()
    func statuses(_ checkpoints: [String]) throws -> [TaskResult.Status] {
      let plan = EvaluationPlan(
        checkpoints: checkpoints,
        tasks: [try EvaluationTests.task("representation", ["viewed_images=20"])],
        data: "scenes?train=20&test=40", output: folder.path)
      return try EvaluationRun.run(plan).flatMap { $0.results.map(\.status) }
    }
    #expect(try statuses(["random:vit-tiny/8@32", "pixels"]) == [.ok, .skipped])
    #expect(try statuses(["pixels"]) == [.failed])
  }
}
