import CKernels
import Foundation
import Support
import Tensors

/// One cross-attention with a learned query, batch norm without gain and bias, and a linear layer on
/// frozen tokens, trained by SGD.
///
/// It is CAE's attentive probe (Chen et al. 2024). Several heads that differ in learning rate and
/// weight decay are trained side by side, always in
/// fp32. All images share the query and tokens are not trained, so keys and values of tokens are
/// never computed: scores are products with `W_kᵀ q`, and the values' linear layer is applied to
/// the weighted means of tokens. That is the same function, at a cost per token that does not grow
/// with the square of the width. Batch norm sees the whole batch; the result is the same for any
/// number of workers.
package final class AttentiveHeads: @unchecked Sendable {
  /// Into how many lanes a batch is cut; lanes, not threads, decide the rounding.
  static let lanes = 8

  let tokens: Int
  let width: Int
  let heads: Int
  let classes: Int
  let settings: [LinearHeads.Setting]
  /// The learned tensors; those of setting `i` are named `head.i.…`.
  package let store = ParameterStore()
  let parameters: [AttentiveParameters]
  let norms: [AttentiveNorm]
  let pool: WorkerPool
  let workspaces: [Workspace]
  /// Memory of each worker for normalised tokens, scores and means of a slice.
  let scratches: [Tensor]
  private let seed: UInt64
  private let optimizer: SGD

  /// Fresh heads, the same for every setting.
  ///
  /// - Parameters:
  ///   - tokens: tokens of an example.
  ///   - width: features of a token.
  ///   - heads: attention heads; must divide the width.
  ///   - classes: number of classes.
  ///   - settings: one for each head.
  ///   - momentum: of SGD.
  ///   - seed: fixes initial weights and the order of examples.
  ///   - pool: shares out the work.
  package init(
    tokens: Int, width: Int, heads: Int, classes: Int, settings: [LinearHeads.Setting],
    momentum: Double = 0.9, seed: UInt64, pool: WorkerPool
  ) {
    precondition(width % heads == 0, "\(heads) heads do not divide width \(width)")
    self.tokens = tokens
    self.width = width
    self.heads = heads
    self.classes = classes
    self.settings = settings
    self.seed = seed
    self.pool = pool
    let store = store
    parameters = settings.indices.map {
      AttentiveParameters(store, prefix: "head.\($0)", width: width, heads: heads, classes: classes)
    }
    norms = settings.map { _ in AttentiveNorm(width: width) }
    workspaces = (0..<pool.threads).map { _ in Workspace() }
    let (rows, slice) = (settings.count * heads, Self.slice(tokens, width))
    scratches = (0..<pool.threads).map { _ in
      Tensor([slice * tokens * (width + rows) + rows * width])
    }
    let largest = settings.map(\.baseRate).max() ?? 1
    optimizer = SGD(store, momentum: momentum) { parameter in
      let setting = settings[Int(parameter.name.split(separator: ".")[1]) ?? 0]
      return ParameterRule(
        rateFactor: Float(setting.baseRate / largest),
        decay: parameter.shape.count > 1 ? Float(setting.decay) : 0)
    }
    for head in parameters { head.initialize(seed: seed) }
    // Allocated here, because workers must not be the first to use it.
    _ = store.gradient
  }

  /// Number of learned scalars of one head.
  package var parameterCount: Int { store.parameterCount / settings.count }

  /// Attention heads of all settings.
  var rows: Int { settings.count * heads }

  /// How many images pass together: their normalised tokens take about 400 KB.
  var slice: Int { Self.slice(tokens, width) }

  private static func slice(_ tokens: Int, _ width: Int) -> Int {
    max(1, 400_000 / (tokens * width * 4))
  }

  /// Trains all heads.
  ///
  /// - Parameters:
  ///   - input: the tokens.
  ///   - labels: the class of every example of the input.
  ///   - examples: those to learn from; all when nil.
  ///   - schedule: epochs, batches, warm-up.
  ///   - advance: called after each step with its number of examples.
  /// - Returns: the mean loss over heads and examples of each step.
  /// - Throws: the input's errors.
  @discardableResult
  package func train(
    _ input: any TokenInput, labels: [Int32], examples: [Int32]? = nil, schedule: ProbeSchedule,
    advance: (Int) -> Void = { _ in }
  ) throws -> [Double] {
    let examples = examples ?? (0..<Int32(input.count)).map { $0 }
    let batch = schedule.effectiveBatch(examples.count)
    let peak = (settings.map(\.baseRate).max() ?? 1) * Double(batch) / 256
    let rates = schedule.rates(peak: peak, count: examples.count)
    let buffers = makeBuffers(batch)
    var losses: [Double] = []
    for epoch in 0..<schedule.epochs {
      for indices in schedule.batches(of: examples, epoch: epoch, seed: seed) {
        let tokens = try input.batch(indices, epoch: epoch)
        let loss = differentiate(tokens, indices.map { labels[Int($0)] }, buffers)
        optimizer.step(learningRate: rates.learningRate(at: losses.count), pool: pool)
        losses.append(loss)
        advance(indices.count)
      }
    }
    return losses
  }

  func makeBuffers(_ batch: Int) -> AttentiveBuffers {
    AttentiveBuffers(
      batch: batch, tokens: tokens, width: width, classes: classes, settings: settings.count,
      rows: rows, lanes: Self.lanes)
  }

  /// Computes the loss of a batch and leaves the gradients in the store.
  ///
  /// - Parameters:
  ///   - tokens: the examples.
  ///   - labels: their classes.
  /// - Returns: the mean loss over heads and examples.
  package func differentiate(_ tokens: BatchTokens, _ labels: [Int32]) -> Double {
    differentiate(tokens, labels, makeBuffers(labels.count))
  }

  private func differentiate(
    _ tokens: BatchTokens, _ labels: [Int32], _ buffers: AttentiveBuffers
  ) -> Double {
    let count = labels.count
    let paths = forwardToOutputs(tokens, count, buffers)
    pool.run(settings.count) { [self] s, _ in
      let norm = norms[s]
      uk_batch_moments(
        buffers.outputs.data + s * buffers.batch * width, norm.mean.data, norm.variance.data,
        count, width)
      norm.update(count: count)
    }
    eachLane(count) { [self] s, lane, range, worker in
      buffers.losses[lane * settings.count + s] = classify(
        s, range, labels, count, buffers, workspaces[worker])
    }
    backward(tokens, count, buffers, paths)
    return buffers.losses.reduce(0, +) / Double(count * settings.count)
  }

  /// The logits of examples, normalised with the running averages.
  ///
  /// - Parameters:
  ///   - input: the tokens.
  ///   - examples: which; all when nil.
  /// - Returns: `[examples, heads, classes]`.
  /// - Throws: the input's errors.
  package func logits(_ input: any TokenInput, examples: [Int32]? = nil) throws -> [Float] {
    let examples = examples ?? (0..<Int32(input.count)).map { $0 }
    for norm in norms { norm.useRunningAverages() }
    let chunk = min(512, max(1, examples.count))
    let buffers = makeBuffers(chunk)
    let stride = settings.count * classes
    var result = [Float](repeating: 0, count: examples.count * stride)
    for start in Swift.stride(from: 0, to: examples.count, by: chunk) {
      let part = Array(examples[start..<min(start + chunk, examples.count)])
      _ = forwardToOutputs(try input.batch(part, epoch: 0), part.count, buffers)
      eachLane(part.count) { [self] s, _, range, worker in
        writeLogits(s, range, buffers, workspaces[worker])
      }
      for s in settings.indices {
        for row in 0..<part.count {
          let source = buffers.logits.data + (s * chunk + row) * classes
          for c in 0..<classes { result[(start + row) * stride + s * classes + c] = source[c] }
        }
      }
    }
    return result
  }

  /// Runs a job for each setting and lane of the batch.
  func eachLane(
    _ count: Int, _ body: @escaping @Sendable (_ s: Int, _ lane: Int, Range<Int>, Int) -> Void
  ) {
    pool.run(settings.count * Self.lanes) { [settings] job, worker in
      let (s, lane) = (job % settings.count, job / settings.count)
      body(s, lane, Self.laneRange(lane, count), worker)
    }
  }

  static func laneRange(_ lane: Int, _ count: Int) -> Range<Int> {
    count * lane / lanes..<count * (lane + 1) / lanes
  }
}
