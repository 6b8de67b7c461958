import Encoders
import Foundation
import Pretraining
import Support
import Tensors
import Training

/// One optimiser step of MAE, ViT-Ti/4 at 32 px, mask 0.75, decoder 96 × 4, 4 heads.
func measureMAEStep(_ options: Options) throws -> JSON {
  try measureStep(
    "mae-step", "vit-tiny/4@32",
    """
    mask: {kind: random, ratio: 0.75}
    decoder: {width: 96, depth: 4, heads: 4}
    """, options)
}

/// One optimiser step of SimMIM, ViT-Ti/4 at 32 px, cells of 2 × 2 patches, 62.5 % hidden.
func measureSimMIMStep(_ options: Options) throws -> JSON {
  try measureStep(
    "simmim-step", "vit-tiny/4@32",
    """
    mask: {kind: cell, ratio: 0.6, cell: 2, apply: replace}
    losses:
      - predictor: pixel_shuffle
        target: {kind: pixels, normalise: false, order: channels}
        loss: {kind: regression, distance: absolute}
    """, options)
}

/// One optimiser step of SimCLR, ResNet-18 of CIFAR's size, two views of each image.
func measureSimCLRStep(_ options: Options) throws -> JSON {
  try measureStep(
    "simclr-step", "resnet18@32",
    """
    view: {kind: pair}
    losses:
      - predictor: {kind: projector, hidden: 512, width: 128}
        loss: {kind: contrastive, temperature: 0.5}
    """, options)
}

/// The time of steps of a recipe on images that are there already.
private func measureStep(
  _ name: String, _ encoderName: String, _ recipe: String, _ options: Options
)
  throws -> JSON
{
  let precision = Precision(rawValue: options.string("precision", "fp32")) ?? .fp32
  let batch = options.integer("batch", 256)
  let objective = try PretrainingObjective(
    Fields(yaml: recipe, file: "bench"), encoder: EncoderCatalog.make(encoderName, seed: 0))
  objective.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0.05))
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let stores = objective.networks.map(\.store)
  let parallel = DataParallel(
    pool: pool, stores: stores, lanes: options.integer("lanes", 8), precision: precision)
  if precision == .bf16 { for store in stores { store.refreshBfloat16() } }
  let optimizers = stores.map {
    AdamW($0, betas: (0.9, 0.95), rule: ParameterRule.usual(decay: 0.05))
  }
  let extent = 3 * objective.encoder.side * objective.encoder.side
  let views = objective.viewCount
  let images = Tensor([views * batch, 3, objective.encoder.side, objective.encoder.side])
  var random = RandomStream(seed: 1, purpose: "bench")
  for i in 0..<images.count { images.data[i] = random.normal() }
  var (step, loss) = (0, 0.0)
  let seconds = try repeated(options.integer("repetitions", 5), warmUps: 2) {
    let drawn = TrainingBatch(samples: Array(0..<batch), epoch: step, step: step, seed: 0)
    let plan = try objective.plan(drawn)
    loss = try parallel.step(
      batch: batch, slice: options.integer("slice", 32),
      combining: objective.combining(drawn, plan)
    ) { graph, range in
      let rows = (0..<views).flatMap { view in range.map { view * batch + $0 } }
      let node = graph.constant([rows.count] + images.shape.dropFirst()) { target in
        for (row, image) in rows.enumerated() {
          (target + row * extent).update(from: images.data + image * extent, count: extent)
        }
      }
      let plans = plan.patches.isEmpty ? [] : rows.map { plan.patches[$0] }
      return objective.terms(
        of: PretrainingSlice(images: node, plans: plans, totals: plan.totals), in: graph)
    }
    for optimizer in optimizers { optimizer.step(learningRate: 1e-4, pool: pool) }
    step += 1
  }
  return result(name, seconds: seconds, images: batch, check: loss)
}

/// Frozen features of ViT-B/16 at 224 px; with `taps=4` those of the last four blocks.
func measureFeatures(_ options: Options) throws -> JSON {
  let precision = Precision(rawValue: options.string("precision", "fp32")) ?? .fp32
  let name = options.string("encoder", "vit-base/16@224")
  let batch = options.integer("batch", 16)
  let encoder = try EncoderCatalog.make(name, seed: 0)
  if precision == .bf16 { encoder.parameters.refreshBfloat16() }
  let side = encoder.side
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let parallel = DataParallel(pool: pool, precision: precision)
  let images = Tensor([batch, 3, side, side])
  var random = RandomStream(seed: 1, purpose: "bench")
  for i in 0..<images.count { images.data[i] = random.normal() }
  let taps: [Int?] = [nil] + (1..<options.integer("taps", 1)).map { encoder.depth - $0 }
  let features = Tensor([batch, encoder.width])
  let extent = 3 * side * side
  let seconds = try repeated(options.integer("repetitions", 5)) {
    try parallel.forEachSlice(of: batch, slice: options.integer("slice", 2)) { graph, range in
      let node = graph.constant([range.count, 3, side, side]) {
        $0.update(from: images.data + range.lowerBound * extent, count: range.count * extent)
      }
      let tokens = encoder.encode(EncoderInput(node, taps: taps), in: graph).sequence
      for image in range {
        (features.data + image * encoder.width).update(
          from: tokens.data + (image - range.lowerBound) * encoder.tokenCount * encoder.width,
          count: encoder.width)
      }
    }
  }
  return result("features", seconds: seconds, images: batch)
}

/// The time of a matrix product 4096 × 768 × 768 while every worker computes products of its own.
func measureGemm(_ options: Options) throws -> JSON {
  let precision = Precision(rawValue: options.string("precision", "fp32")) ?? .fp32
  let threads = options.integer("threads", availableProcessors)
  let (rows, width, calls) = (4096, 768, 8)
  let store = ParameterStore()
  let weight = store.add("weight", [width, width])
  var random = RandomStream(seed: 1, purpose: "bench")
  for i in 0..<weight.count { weight.data[i] = random.normal() }
  if precision == .bf16 { store.refreshBfloat16() }
  let parallel = DataParallel(pool: WorkerPool(threads: threads), precision: precision)
  let source = Tensor([rows, width])
  for i in 0..<source.count { source.data[i] = random.normal() }
  let seconds = try repeated(options.integer("repetitions", 5)) {
    try parallel.forEachSlice(of: threads, slice: 1) { graph, _ in
      let x = graph.converted(
        graph.constant([rows, width]) { $0.update(from: source.data, count: source.count) },
        to: precision.computeType)
      for _ in 0..<calls { _ = graph.linear(x, weight: weight, bias: nil) }
    }
  }
  let products = Double(calls * threads)
  return result(
    "gemm", seconds: seconds.map { $0 / products }, flops: 2.0 * Double(rows * width * width))
}
