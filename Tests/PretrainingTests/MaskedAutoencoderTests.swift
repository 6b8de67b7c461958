import Encoders
import Foundation
import Pretraining
import Support
import Tensors
import TestSupport
import Testing
import Training

/// The whole of MAE against the same model in PyTorch, which shares its parameters and masks.
@Suite struct MaskedAutoencoderTests {
  /// The golden's encoder and method, with its parameters.
  private struct Model {
    let golden: Golden
    let encoder: VisionTransformer
    let method: PretrainingObjective
    let images: Tensor

    var stores: [ParameterStore] { [encoder.parameters, method.parameters] }

    init(isNormalised: Bool) throws {
      golden = try Golden("mae_tiny")
      let integer = { [golden] (key: String) in golden.integer(key, in: "model") }
      let configuration = {
        var c = VisionTransformerConfiguration(
          width: integer("width"), depth: integer("depth"), heads: integer("heads"),
          patch: integer("patch"), side: integer("side"))
        c.positions = .sinCos
        return c
      }()
      encoder = try VisionTransformer(configuration, name: "golden")
      let yaml = """
        mask: {kind: random, ratio: 0.75}
        target: {normalise: \(isNormalised)}
        decoder: {width: 16, depth: 1, heads: 2}
        """
      method = try PretrainingObjective(Fields(yaml: yaml, file: "test"), encoder: encoder)
      method.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0))
      images = golden.tensor("images", in: "model")
      let values = golden.group("parameters/", in: "model")
      var used: Set<String> = []
      for parameter in stores.flatMap(\.parameters) {
        let value = try #require(values[parameter.name], "\(parameter.name)")
        #expect(value.shape == parameter.shape, "\(parameter.name)")
        parameter.data.update(from: value.data, count: parameter.count)
        used.insert(parameter.name)
      }
      #expect(used == Set(values.keys))
    }

    /// The masks that noise determines: the patches with the smallest numbers are seen, in order.
    func plans(_ noise: ArraySlice<Float>) -> [MaskPlan] {
      let patches = encoder.patchCount
      return stride(from: noise.startIndex, to: noise.endIndex, by: patches).map { start in
        let order = (0..<patches).sorted { noise[start + $0] < noise[start + $1] }
        return MaskPlan(visible: order.prefix(patches / 4).map(Int32.init), of: patches)
      }
    }

    func input(_ graph: Graph) -> Node {
      graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    }

    /// Images under given masks, of a batch of `batch`.
    func slice(_ images: Node, _ plans: [MaskPlan], batch: Int) -> PretrainingSlice {
      let hidden = batch * (plans.first?.hidden.count ?? 0)
      return PretrainingSlice(
        images: images, plans: plans,
        totals: BatchTotals(images: batch, views: batch, hidden: hidden))
    }
  }

  @Test(arguments: [("norm_pix", true), ("pixels", false)])
  func lossPredictionAndGradientsAgreeWithPyTorch(caseName: String, isNormalised: Bool) throws {
    let model = try Model(isNormalised: isNormalised)
    let golden = model.golden
    let noise = golden.tensor("noise", in: "model").array
    let plans = model.plans(noise[...])
    let patches = model.encoder.patchCount
    let mask = golden.tensor("mask", in: "model").array
    for (image, plan) in plans.enumerated() {
      let flags = mask[image * patches..<(image + 1) * patches]
      let hidden: [Int32] = flags.enumerated().filter { $0.element == 1 }.map { Int32($0.offset) }
      #expect(plan.hidden == hidden)
    }
    let forward = Graph(workspace: Workspace(), precision: .fp32)
    let predictions = model.method.prediction(
      term: 0, of: model.slice(model.input(forward), plans, batch: plans.count), in: forward)
    let expectedRows = golden.tensor("prediction", in: caseName)
    let length = expectedRows.shape[2]
    let rows = plans.enumerated().flatMap { image, plan in
      plan.hidden.flatMap { place -> [Float] in
        let start = (image * patches + Int(place)) * length
        return Array(UnsafeBufferPointer(start: expectedRows.data + start, count: length))
      }
    }
    #expect(
      largestRelativeDifference(
        Tensor(predictions.shape, predictions.array), from: Tensor(predictions.shape, rows)) < 1e-5)

    let graph = Graph(
      workspace: Workspace(), precision: .fp32,
      gradients: model.stores.map { (store: $0, buffer: $0.gradient) })
    let loss = model.method.terms(
      of: model.slice(model.input(graph), plans, batch: plans.count), in: graph
    ).loss
    graph.backward()
    let expected = Double(golden.tensor("loss", in: caseName).data[0])
    #expect(abs(loss - expected) < 1e-5 * expected)
    let gradients = golden.group("gradients/", in: caseName)
    for parameter in model.stores.flatMap(\.parameters) where parameter.isTrainable {
      let made = Tensor(parameter.shape)
      made.data.update(from: parameter.gradient, count: parameter.count)
      let gradient = try #require(gradients[parameter.name], "\(parameter.name)")
      #expect(largestRelativeDifference(made, from: gradient) < 5e-5, "\(parameter.name)")
    }
  }

  @Test(arguments: [1, 2, 3])
  func fiveStepsAgreeWithPyTorch(threads: Int) throws {
    let model = try Model(isNormalised: true)
    let golden = model.golden
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    // One example a lane at most: the mean over the batch must not depend on the division.
    let parallel = DataParallel(pool: pool, stores: model.stores, lanes: 2, precision: .fp32)
    let number = { (key: String) in Double(golden.number(key, in: "training")) }
    let optimizers = model.stores.map {
      AdamW(
        $0, betas: (number("beta1"), number("beta2")), epsilon: number("epsilon"),
        rule: ParameterRule.usual(decay: number("weight_decay")))
    }
    let noise = golden.tensor("noise", in: "training").array
    let losses = golden.tensor("losses", in: "training").array
    let images = model.images
    let (method, length) = (model.method, images.count / images.shape[0])
    for step in 0..<losses.count {
      let size = noise.count / losses.count
      let plans = model.plans(noise[step * size..<(step + 1) * size])
      let loss = try parallel.step(batch: plans.count, slice: 1) { graph, range in
        let node = graph.constant([range.count] + images.shape.dropFirst()) {
          $0.update(from: images.data + range.lowerBound * length, count: range.count * length)
        }
        let slice = PretrainingSlice(
          images: node, plans: Array(plans[range]),
          totals: BatchTotals(
            images: plans.count, views: plans.count, hidden: plans.count * plans[0].hidden.count))
        return method.terms(of: slice, in: graph).loss
      }
      #expect(abs(loss - Double(losses[step])) < 2e-5 * Double(losses[step]), "step \(step)")
      for optimizer in optimizers { optimizer.step(learningRate: number("rate"), pool: pool) }
    }
    for (name, value) in golden.group("final/", in: "training") {
      let parameter = try #require(model.stores.lazy.compactMap { $0[name] }.first)
      let made = Tensor(parameter.shape)
      made.data.update(from: parameter.data, count: parameter.count)
      if name.hasSuffix("qkv.bias") {
        // The softmax ignores a bias of the keys: its gradient is rounding noise, which Adam
        // brings to full size, so this third is not determined.
        let third = parameter.count / 3
        (made.data + third).update(from: value.data + third, count: third)
      }
      #expect(largestRelativeDifference(made, from: value) < 1e-4, "\(name)")
    }
  }

  /// PyTorch counts the embedding and the prediction of all places; ours work on a part of them.
  @Test func operationsAreThoseThatPyTorchCounts() throws {
    let model = try Model(isNormalised: true)
    let operations = { (part: String) in model.golden.number("\(part)_flops", in: "model") }
    let cost = model.method.cost
    #expect(cost.patches == 16 && cost.visiblePatches == 4)
    let encoder = operations("blocks") + operations("patch_embed") * 4 / 16
    #expect(cost.encoderForward == encoder)
    let prediction = operations("decoder_pred") * 12 / 17
    let decoder = operations("decoder_embed") + operations("decoder_blocks") + prediction
    #expect(cost.predictorForward == decoder)
    #expect(cost.training == 3 * (encoder + decoder))
  }

  @Test func hiddenPixelsDoNotReachTheEncoder() throws {
    let model = try Model(isNormalised: true)
    let noise = model.golden.tensor("noise", in: "model").array
    let plans = model.plans(noise[...])
    let visible = plans.flatMap(\.visible)
    let encode = { (change: Float) -> ([Float], Double) in
      let graph = Graph(workspace: Workspace(), precision: .fp32)
      let input = model.input(graph)
      // A pixel of the first hidden patch of the first image, blue channel.
      let patch = Int(plans[0].hidden[0])
      let (row, column) = (patch / 4 * 4, patch % 4 * 4)
      input.data[2 * 256 + (row + 1) * 16 + column + 2] += change
      let tokens = model.encoder.encode(
        EncoderInput(input, mask: .drop(visible: visible)), in: graph
      ).sequence.array
      let loss = model.method.terms(
        of: model.slice(input, plans, batch: plans.count), in: graph
      ).loss
      return (tokens, loss)
    }
    let (before, lossBefore) = encode(0)
    let (after, lossAfter) = encode(3)
    #expect(before == after)
    #expect(lossBefore != lossAfter)
  }
}
