import Encoders
import Foundation
import Pretraining
import Support
import Tensors

/// One optimiser step of MAE, ViT-Ti/4 at 32 px, mask 0.75, decoder 96 × 4, 4 heads.
func measureMAEStep(_ options: Options) throws -> JSON {
  let precision = Precision(rawValue: options.string("precision", "fp32")) ?? .fp32
  let batch = options.integer("batch", 256)
  let side = 32
  let encoder = try VisionTransformer(named: "vit-tiny/4@32")
  encoder.initialize(seed: 0)
  let recipe = """
    mask: {kind: random, ratio: 0.75}
    decoder: {width: 96, depth: 4, heads: 4}
    """
  let method = try MaskedAutoencoder(
    Fields(yaml: recipe, file: "bench"), encoder: encoder, seed: 0)
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let stores = [encoder.parameters, method.parameters]
  let parallel = DataParallel(
    pool: pool, stores: stores, lanes: options.integer("lanes", 8), precision: precision)
  if precision == .bf16 { for store in stores { store.refreshBfloat16() } }
  let optimizers = stores.map {
    AdamW($0, betas: (0.9, 0.95), rule: ParameterRule.usual(decay: 0.05))
  }
  let images = Tensor([batch, 3, side, side])
  var random = RandomStream(seed: 1, purpose: "bench")
  for i in 0..<images.count { images.data[i] = random.normal() }
  var (step, loss) = (0, 0.0)
  let seconds = try repeated(options.integer("repetitions", 5), warmUps: 2) {
    let epoch = step
    loss = try parallel.step(batch: batch, slice: options.integer("slice", 32)) { graph, range in
      let count = range.count * 3 * side * side
      let node = graph.constant([range.count, 3, side, side]) {
        $0.update(from: images.data + range.lowerBound * 3 * side * side, count: count)
      }
      return method.loss(
        of: PretrainingSlice(
          images: node, samples: Array(range), epoch: epoch, batch: batch, seed: 0), in: graph)
    }
    for optimizer in optimizers { optimizer.step(learningRate: 1e-4, pool: pool) }
    step += 1
  }
  return result("mae-step", seconds: seconds, images: batch, check: loss)
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
