import Encoders
import Support
import Tensors
import TestSupport
import Testing
import Training
import Vision

@testable import Pretraining

/// Whole steps of methods made of parts, against the same in PyTorch: losses, gradients, statistics.
@Suite struct PretrainingStepTests {
  private let golden: Golden
  init() throws { golden = try Golden("pretraining_steps") }

  private static let simmim = """
    mask: {kind: cell, ratio: 0.6, cell: 2, apply: replace}
    losses:
      - predictor: pixel_shuffle
        target: {kind: pixels, normalise: false, order: channels}
        loss: {kind: regression, distance: absolute}
    """
  private static let mfm = """
    mask: {kind: disc, radius: 0.125}
    losses: [{predictor: pixel_shuffle, target: image, loss: spectral}]
    """
  private static let simclr = """
    view: {kind: pair}
    losses:
      - predictor: {kind: projector, hidden: 12, width: 8}
        loss: {kind: contrastive, temperature: 0.5}
    """
  private static let data2vec = """
    mask: {kind: blockwise, ratio: 0.5, minimum: 4, apply: replace}
    teacher: {kind: momentum}
    losses:
      - predictor: linear
        target: {kind: features, blocks: 2}
        loss: {kind: regression, distance: smooth, beta: 2.0}
    """

  private func objective(_ recipe: String, _ encoder: any Encoder) throws -> PretrainingObjective {
    let objective = try PretrainingObjective(
      Fields(yaml: recipe, file: "test"), encoder: encoder)
    objective.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0))
    return objective
  }

  private func transformer() throws -> VisionTransformer {
    var c = VisionTransformerConfiguration(width: 24, depth: 2, heads: 3, patch: 4, side: 16)
    c.positions = .sinCos
    let encoder = try VisionTransformer(c, name: "golden")
    encoder.initialize(seed: 0)
    return encoder
  }

  private func residualNetwork() throws -> ResNet {
    let encoder = try ResNet(
      ResNetConfiguration(
        stem: .cifar, block: .basic, shortcut: .projection, stemWidth: 4, widths: [4, 8, 16, 32],
        depths: [1, 1, 1, 1], side: 16), name: "golden")
    fill(encoder.parameters)
    return encoder
  }

  /// Copies a case's parameters into an objective's networks, all of which it must name.
  private func load(_ objective: PretrainingObjective, _ caseName: String) throws {
    let values = golden.group("parameters/", in: caseName)
    var used: Set<String> = []
    for network in objective.networks {
      let prefix = network.name == "teacher" ? "teacher." : ""
      for parameter in network.store.parameters {
        let name = prefix + parameter.name
        let value = try #require(values[name], "\(name)")
        parameter.data.update(from: value.data, count: parameter.count)
        used.insert(name)
      }
    }
    #expect(used == Set(values.keys))
  }

  private func plans(_ caseName: String) -> [MaskPlan] {
    let hidden = golden.tensor("hidden", in: caseName)
    return (0..<hidden.shape[0]).map { row in
      MaskPlan(hidden: (0..<hidden.shape[1]).map { hidden.data[row * hidden.shape[1] + $0] == 1 })
    }
  }

  private func expectLoss(_ loss: Double, _ caseName: String) {
    let expected = Double(golden.tensor("loss", in: caseName).data[0])
    #expect(abs(loss - expected) < 1e-5 * abs(expected), "\(loss) is not \(expected)")
  }

  /// Checks the gradients of every trained parameter.
  private func expectGradients(_ objective: PretrainingObjective, _ caseName: String) throws {
    let gradients = golden.group("gradients/", in: caseName)
    for network in objective.networks where network.name != "teacher" {
      for parameter in network.store.parameters where parameter.isTrainable {
        let made = Tensor(parameter.shape)
        made.data.update(from: parameter.gradient, count: parameter.count)
        let expected = try #require(gradients[parameter.name], "\(parameter.name)")
        #expect(largestRelativeDifference(made, from: expected) < 1e-3, "\(parameter.name)")
      }
    }
  }

  /// A step with the batch cut into lanes and slices; `slice` makes the part of a range.
  private func step(
    _ objective: PretrainingObjective, batch: Int, lanes: Int = 2, threads: Int = 2,
    _ slice: @escaping @Sendable (Graph, Range<Int>) -> PretrainingSlice
  ) throws -> Double {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let stores = objective.networks.filter { $0.name != "teacher" }.map(\.store)
    let parallel = DataParallel(pool: pool, stores: stores, lanes: lanes, precision: .fp32)
    let drawn = TrainingBatch(samples: Array(0..<batch), epoch: 0, step: 0, seed: 0)
    let combining = objective.combining(drawn, try objective.plan(drawn))
    return try parallel.step(batch: batch, slice: 1, combining: combining) { graph, range in
      objective.terms(of: slice(graph, range), in: graph)
    }
  }

  /// A node with the rows of a range.
  private static func rows(_ tensor: Tensor, _ range: Range<Int>, _ graph: Graph) -> Node {
    let extent = tensor.count / tensor.shape[0]
    return graph.constant([range.count] + tensor.shape.dropFirst()) {
      $0.update(from: tensor.data + range.lowerBound * extent, count: range.count * extent)
    }
  }

  @Test(arguments: ["simmim", "data2vec"])
  func hiddenPatchesAreRegressed(caseName: String) throws {
    let objective = try objective(
      caseName == "simmim" ? Self.simmim : Self.data2vec, transformer())
    try load(objective, caseName)
    let (images, plans) = (golden.tensor("images", in: caseName), plans(caseName))
    let totals = BatchTotals(
      images: 3, views: 3, hidden: plans.reduce(0) { $0 + $1.hidden.count })
    let loss = try step(objective, batch: 3) { graph, range in
      PretrainingSlice(
        images: Self.rows(images, range, graph), plans: Array(plans[range]), totals: totals)
    }
    expectLoss(loss, caseName)
    try expectGradients(objective, caseName)
  }

  private func normalised(_ images: Tensor) -> Tensor {
    let out = Tensor(images.shape)
    out.data.update(from: images.data, count: images.count)
    let (extent, plane) = (images.count / images.shape[0], images.shape[2] * images.shape[3])
    for image in 0..<images.shape[0] {
      PixelStatistics.imageNet.normalise(out.data + image * extent, plane: plane, white: 255)
    }
    return out
  }

  /// The disc's plans, low pass where the golden says so.
  private func discPlans(_ mask: any ImageMask, _ low: Tensor) -> [ImageMaskPlan] {
    let kinds = (0..<40).map { draw -> ImageMaskPlan in
      var random = RandomStream(seed: 0, purpose: "mask", draw)
      return mask.plan(rows: 16, columns: 16, random: &random)
    }
    return low.array.compactMap { flag in kinds.first { $0.variant == (flag == 1 ? 0 : 1) } }
  }

  @Test func corruptionAndLossOfMFMOnAViT() throws {
    let objective = try objective(Self.mfm, transformer())
    try load(objective, "mfm")
    let loss = try mfmStep(objective, golden.tensor("images", in: "mfm"), "mfm") { made in
      let expected = golden.tensor("corrupted", in: "mfm")
      #expect(largestRelativeDifference(made, from: expected) < 1e-5)
    }
    expectLoss(loss, "mfm")
    try expectGradients(objective, "mfm")
  }

  /// A step of MFM; `check` sees the corrupted images in 0…1.
  private func mfmStep(
    _ objective: PretrainingObjective, _ images: Tensor, _ caseName: String,
    _ check: (Tensor) -> Void = { _ in }
  ) throws -> Double {
    let mask = try #require(objective.parts.mask as? any ImageMask)
    let plans = discPlans(mask, golden.tensor("low", in: caseName))
    #expect(plans.count == images.shape[0])
    let corrupted = Tensor(images.shape)
    corrupted.data.update(from: images.data, count: images.count)
    for (index, plan) in plans.enumerated() {
      mask.apply(plan, to: corrupted.data + index * 768, channels: 3, rows: 16, columns: 16)
    }
    check(corrupted)
    let (clean, seen) = (normalised(images), normalised(corrupted))
    let batch = images.shape[0]
    let totals = BatchTotals(
      images: batch, views: batch, removed: plans.reduce(0) { $0 + $1.removedCount })
    return try step(objective, batch: batch) { graph, range in
      PretrainingSlice(
        images: Self.rows(clean, range, graph), seen: Self.rows(seen, range, graph),
        removed: Array(plans[range]), totals: totals)
    }
  }

  /// Sampled gradients of the encoder and of what stands on it, and the running statistics.
  private func expectSamples(_ objective: PretrainingObjective, _ caseName: String) {
    for (key, tolerance) in [("gradients", 1e-3), ("statistics", 1e-5)] as [(String, Float)] {
      let wantsGradients = key == "gradients"
      let samples = objective.networks.flatMap { network in
        network.store.parameters.filter {
          wantsGradients ? $0.isTrainable : !$0.isTrainable && !$0.shape.isEmpty
        }.map {
          ($0.name, sampled(wantsGradients ? $0.gradient : $0.data, $0.count))
        }
      }
      let expected = golden.tensor(key, in: caseName)
      #expect(samples.count == expected.shape[0])
      for (row, (name, sample)) in samples.enumerated() {
        let difference = sampleDifference(sample, expected.array[row * 17..<(row + 1) * 17])
        #expect(difference < tolerance, "\(key) of \(name)")
      }
    }
  }

  @Test func mfmOnAResNet() throws {
    let objective = try objective(Self.mfm, residualNetwork())
    for parameter in objective.parameters.parameters {
      let values = drawn(parameter.count, parameter.shape.count > 1 ? 4000 : 4001)
      for index in 0..<parameter.count { parameter.data[index] = 0.4 * values[index] }
    }
    let images = Tensor([8, 3, 16, 16], drawn(8 * 768, 3000).map { $0 + 0.5 })
    expectLoss(try mfmStep(objective, images, "mfm_resnet"), "mfm_resnet")
    expectSamples(objective, "mfm_resnet")
  }

  private func simclrObjective() throws -> PretrainingObjective {
    let objective = try objective(Self.simclr, residualNetwork())
    let trained = objective.parameters.parameters.filter(\.isTrainable)
    for (ordinal, parameter) in trained.enumerated() {
      let values = drawn(parameter.count, 5000 + ordinal)
      let isNorm = parameter.shape.count == 1
      for index in 0..<parameter.count {
        let centre: Float = isNorm && parameter.name.hasSuffix("weight") ? 1 : 0
        parameter.data[index] = isNorm ? centre + 0.4 * values[index] : values[index]
      }
    }
    return objective
  }

  private func simclrStep(_ objective: PretrainingObjective, lanes: Int = 2, threads: Int = 2)
    throws -> Double
  {
    let images = Tensor([16, 3, 16, 16], drawn(16 * 768, 6000).map { 3.4 * $0 })
    return try step(objective, batch: 8, lanes: lanes, threads: threads) { graph, range in
      let node = graph.constant([2 * range.count, 3, 16, 16]) { target in
        for view in 0..<2 {
          (target + view * range.count * 768).update(
            from: images.data + (view * 8 + range.lowerBound) * 768, count: range.count * 768)
        }
      }
      return PretrainingSlice(images: node, totals: BatchTotals(images: 8, views: 16))
    }
  }

  @Test(arguments: [1, 4])
  func viewsMeetAcrossTheWholeBatch(lanes: Int) throws {
    let objective = try simclrObjective()
    expectLoss(try simclrStep(objective, lanes: lanes), "simclr")
    expectSamples(objective, "simclr")
  }

  @Test func threadsChangeNoBitOfABatchLoss() throws {
    let results = try [1, 2, 3, 7].map { threads -> ([Float], Double) in
      let objective = try simclrObjective()
      let loss = try simclrStep(objective, lanes: 4, threads: threads)
      let gradients = objective.networks.flatMap { network in
        Array(UnsafeBufferPointer(start: network.store.gradient, count: network.store.extent))
      }
      return (gradients, loss)
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  /// Without batch norm slices run twice; the loss must not depend on how the batch is cut.
  @Test func twoPhasesGiveTheGradientsOfOneGraph() throws {
    let width = 6
    let store = ParameterStore()
    let weight = store.add("weight", [4, width])
    let values = drawn(weight.count, 1)
    weight.data.update(from: values, count: values.count)
    let inputs = Tensor([12, width], drawn(12 * width, 2))
    let loss = try ContrastiveLoss(Fields(yaml: "temperature: 0.3", file: "test"))
    func step(lanes: Int, slice: Int) throws -> (Double, [Float]) {
      let pool = WorkerPool(threads: 2)
      defer { pool.close() }
      let parallel = DataParallel(pool: pool, stores: [store], lanes: lanes, precision: .fp32)
      let result = try parallel.step(
        batch: 6, slice: slice,
        combining: { graph, anchors, views in
          loss.value(of: anchors, among: views, weight: 1, in: graph)
        }
      ) { graph, range in
        let views = (0..<2).map { view in
          graph.linear(
            Self.rows(inputs, view * 6 + range.lowerBound..<view * 6 + range.upperBound, graph),
            weight: weight, bias: nil, output: .float32)
        }
        return Terms(loss: 0, embeddings: views)
      }
      return (result, Array(UnsafeBufferPointer(start: store.gradient, count: weight.count)))
    }
    let graph = Graph(
      workspace: Workspace(), precision: .fp32,
      gradients: [(store: store, buffer: store.gradient)])
    store.gradient.update(repeating: 0, count: store.extent)
    let views = (0..<2).map { view in
      graph.linear(
        Self.rows(inputs, view * 6..<view * 6 + 6, graph), weight: weight, bias: nil,
        output: .float32)
    }
    let whole = loss.value(of: 0..<6, among: views, weight: 1, in: graph)
    graph.backward()
    let expected = Tensor(
      weight.shape, Array(UnsafeBufferPointer(start: store.gradient, count: weight.count)))
    for (lanes, slice) in [(1, 6), (2, 1), (4, 2), (8, 3)] {
      let (value, gradient) = try step(lanes: lanes, slice: slice)
      #expect(abs(value - whole) < 1e-6)
      #expect(largestRelativeDifference(Tensor(weight.shape, gradient), from: expected) < 1e-5)
    }
  }

  /// Values that the method's sheet gives for two images.
  @Test(
    arguments: [
      ([1, 0, 0, 1], [1, 0, 0, 1], 0.5, 0.479090), ([1, 0, 0, 1], [1, 1, -1, 1], 0.1, 0.694421),
    ] as [([Float], [Float], Double, Double)])
  func contrastiveLossOfTwoImages(a: [Float], b: [Float], temperature: Double, value: Double)
    throws
  {
    let loss = try ContrastiveLoss(Fields(yaml: "temperature: \(temperature)", file: "test"))
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let views = [graph.variable([2, 2], a), graph.variable([2, 2], b)]
    #expect(abs(loss.value(of: 0..<2, among: views, weight: 1, in: graph) - value) < 1e-6)
  }
}
