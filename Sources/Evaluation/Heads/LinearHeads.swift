import CKernels
import Foundation
import Support
import Tensors

/// Batch norm without gain and bias, then a linear layer, trained by LARS: MAE's linear probe.
///
/// Several heads that differ in learning rate and weight decay are trained side by side on the
/// same batches, which costs little more than one. Always in fp32. The features are read as they
/// are: normalisation is folded into the weights, whose gradients are corrected accordingly. The
/// statistics are those of the whole batch, and the result is the same for any number of workers.
package final class LinearHeads {
  /// How a head is trained.
  package struct Setting: Sendable, Equatable {
    /// The learning rate for a batch of 256; it grows in proportion with the batch.
    package var baseRate: Double
    package var decay: Double

    /// A setting.
    package init(baseRate: Double, decay: Double = 0) {
      self.baseRate = baseRate
      self.decay = decay
    }
  }

  /// Into how many lanes a batch is cut; lanes, not threads, decide the rounding.
  static let lanes = 8
  /// Rows of a batch that are multiplied at a time.
  static let slice = 128

  let width: Int
  let classes: Int
  let settings: [Setting]
  let store = ParameterStore()
  /// The weights of each head, `[classes, width]`.
  package let weights: [Parameter]
  /// The biases of each head, `[classes]`.
  package let biases: [Parameter]
  private let statistics: BatchStatistics
  private let seed: UInt64
  private let pool: WorkerPool
  private let optimizer: LARS
  private let workspaces: [Workspace]
  /// Weights and biases that apply to shifted features, `[heads × classes, width]`.
  private let folded: Tensor
  private let foldedBias: Tensor

  /// Fresh heads: weights truncated normal(0.01), biases 0, the same for every setting.
  ///
  /// - Parameters:
  ///   - width: features of an example.
  ///   - classes: number of classes.
  ///   - settings: one for each head.
  ///   - epsilon: added to the variance.
  ///   - momentum: of LARS.
  ///   - trust: of LARS.
  ///   - seed: fixes initial weights and the order of examples.
  ///   - pool: shares out the work.
  package init(
    width: Int, classes: Int, settings: [Setting], epsilon: Double = 1e-6, momentum: Double = 0.9,
    trust: Double = 0.001, seed: UInt64, pool: WorkerPool
  ) {
    self.width = width
    self.classes = classes
    self.settings = settings
    self.seed = seed
    self.pool = pool
    let store = store
    weights = settings.indices.map { store.add("head.\($0).weight", [classes, width]) }
    biases = settings.indices.map { store.add("head.\($0).bias", [classes]) }
    statistics = BatchStatistics(width: width, epsilon: epsilon)
    workspaces = (0..<pool.threads).map { _ in Workspace() }
    folded = Tensor([settings.count * classes, width])
    foldedBias = Tensor([settings.count * classes])
    let largest = settings.map(\.baseRate).max() ?? 1
    optimizer = LARS(store, momentum: momentum, trust: trust) { parameter in
      let index = Int(parameter.name.split(separator: ".")[1]) ?? 0
      return ParameterRule(
        rateFactor: Float(settings[index].baseRate / largest), decay: Float(settings[index].decay))
    }
    initialize()
  }

  private func initialize() {
    // Allocated here, because workers must not be the first to use it.
    _ = store.gradient
    for (index, weight) in weights.enumerated() {
      guard index == 0 else {
        weight.data.update(from: weights[0].data, count: weight.count)
        continue
      }
      var random = RandomStream(seed: seed, purpose: "initialise linear probe")
      for i in 0..<weight.count {
        var value = random.normal()
        while abs(value) > 2 { value = random.normal() }
        weight.data[i] = 0.01 * value
      }
    }
  }

  /// The mean of the features, averaged over batches as evaluation uses it.
  package var runningMean: [Float] { statistics.runningMean.array }
  /// The unbiased variance of the features, averaged over batches.
  package var runningVariance: [Float] { statistics.runningVariance.array }

  /// Number of learned scalars of one head.
  package var parameterCount: Int { classes * (width + 1) }

  /// Trains all heads.
  ///
  /// - Parameters:
  ///   - input: the features.
  ///   - labels: the class of every example of the input.
  ///   - examples: those to learn from; all when nil.
  ///   - schedule: epochs, batches, warm-up.
  ///   - advance: called after each step with its number of examples.
  /// - Returns: the mean loss over heads and examples of the last step.
  /// - Throws: the input's errors; `InputError` when all heads have diverged.
  @discardableResult
  package func train(
    _ input: any HeadInput, labels: [Int32], examples: [Int32]? = nil, schedule: ProbeSchedule,
    advance: (Int) -> Void = { _ in }
  ) throws -> Double {
    let examples = examples ?? (0..<Int32(input.count)).map { $0 }
    let batch = schedule.effectiveBatch(examples.count)
    let largest = settings.map(\.baseRate).max() ?? 1
    let rates = schedule.rates(peak: largest * Double(batch) / 256, count: examples.count)
    let buffers = LinearBatchBuffers(
      batch: batch, width: width, outputs: settings.count * classes, lanes: Self.lanes)
    var (step, loss) = (0, 0.0)
    for epoch in 0..<schedule.epochs {
      for indices in schedule.batches(of: examples, epoch: epoch, seed: seed) {
        let rows = try input.batch(indices, epoch: epoch)
        if step == 0 { statistics.chooseShift(rows, count: indices.count) }
        loss = differentiate(rows, indices.map { labels[Int($0)] }, buffers)
        optimizer.step(learningRate: rates.learningRate(at: step), pool: pool)
        step += 1
        advance(indices.count)
      }
    }
    return loss
  }

  /// Computes the loss of a batch and leaves the gradients in the store.
  private func differentiate(
    _ rows: BatchRows, _ labels: [Int32], _ buffers: LinearBatchBuffers
  ) -> Double {
    let count = labels.count
    pool.run(Self.lanes) { [statistics, width] lane, _ in
      let range = Self.laneRange(lane, count)
      let sums = buffers.sums + lane * 2 * width
      sums.update(repeating: 0, count: 2 * width)
      rows.copy(
        range, shift: statistics.shift.data, to: buffers.features + range.lowerBound * width,
        sums: sums, squares: sums + width, width: width)
    }
    statistics.update(buffers.sums, lanes: Self.lanes, count: count)
    foldNormalisation()
    let repeated = labels.flatMap { [Int32](repeating: $0, count: settings.count) }
    pool.run(Self.lanes) { [self] lane, worker in
      runLane(lane, count, repeated, buffers, workspaces[worker])
    }
    reduce(buffers)
    return buffers.losses.reduce(0, +) / Double(count * settings.count)
  }

  /// Forward and backward over the rows of one lane.
  private func runLane(
    _ lane: Int, _ count: Int, _ labels: [Int32], _ buffers: LinearBatchBuffers,
    _ workspace: Workspace
  ) {
    let heads = settings.count
    let outputs = heads * classes
    let gradient = buffers.gradient(lane)
    gradient.update(repeating: 0, count: outputs * (width + 1))
    let gemm = Gemm(workspace: workspace)
    let logits = buffers.logits(lane)
    var loss = 0.0
    let range = Self.laneRange(lane, count)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.slice) {
      let rows = min(Self.slice, range.upperBound - start)
      let features = buffers.features + start * width
      gemm.multiply(
        features, byTransposed: folded.data, into: logits, rows: rows, columns: outputs,
        inner: width, bias: foldedBias.data)
      loss += labels.withUnsafeBufferPointer { labels in
        uk_cross_entropy(
          logits, labels.baseAddress.map { $0 + start * heads }, 0, 1 / Float(count), logits,
          rows * heads, classes)
      }
      gemm.multiply(
        transposed: logits, by: features, into: gradient, rows: outputs, columns: width,
        inner: rows, accumulates: true)
      uk_column_sums(logits, uk_float32, gradient + outputs * width, rows, outputs)
    }
    buffers.losses[lane] = loss
  }

  /// Weights and biases that give on shifted features what the heads give on normalised ones.
  private func foldNormalisation() {
    pool.run(settings.count * classes) { [self] row, _ in
      let (head, output) = (row / classes, row % classes)
      let target = folded.data + row * width
      uk_multiply(weights[head].data + output * width, statistics.scale.data, target, 0, width)
      foldedBias.data[row] =
        biases[head].data[output] - uk_dot(target, statistics.mean.data, width)
    }
  }

  /// Sums the lanes in their order and corrects the gradients for the folded normalisation.
  private func reduce(_ buffers: LinearBatchBuffers) {
    let outputs = settings.count * classes
    pool.run(outputs) { [self] row, _ in
      let (head, output) = (row / classes, row % classes)
      let parts = (0..<Self.lanes).map { Optional(buffers.gradient($0) + row * width) }
      let target = weights[head].gradient + output * width
      uk_sum_lanes(parts, parts.count, 1, target, width)
      var bias: Float = 0
      for lane in 0..<Self.lanes { bias += buffers.gradient(lane)[outputs * width + row] }
      biases[head].gradient[output] = bias
      uk_normalised_gradient(
        target, bias, statistics.mean.data, statistics.scale.data, target, width)
    }
  }

  private static func laneRange(_ lane: Int, _ count: Int) -> Range<Int> {
    count * lane / lanes..<count * (lane + 1) / lanes
  }

  /// The logits of examples, normalised with the running averages.
  ///
  /// - Parameters:
  ///   - input: the features.
  ///   - examples: which; all when nil.
  /// - Returns: `[examples, heads, classes]`.
  /// - Throws: the input's errors.
  package func logits(_ input: any HeadInput, examples: [Int32]? = nil) throws -> [Float] {
    let examples = examples ?? (0..<Int32(input.count)).map { $0 }
    let outputs = settings.count * classes
    statistics.useRunningAverages()
    foldNormalisation()
    let rows = try input.batch(examples, epoch: 0)
    let result = Tensor([examples.count, outputs])
    let slice = Self.slice
    pool.run((examples.count + slice - 1) / slice) { [self] job, worker in
      let range = job * slice..<min((job + 1) * slice, examples.count)
      let features = Tensor([range.count, width])
      let sums = Tensor([2, width])
      rows.copy(
        range, shift: statistics.shift.data, to: features.data, sums: sums.data,
        squares: sums.data + width, width: width)
      Gemm(workspace: workspaces[worker]).multiply(
        features.data, byTransposed: folded.data, into: result.data + range.lowerBound * outputs,
        rows: range.count, columns: outputs, inner: width, bias: foldedBias.data)
    }
    return result.array
  }
}

extension LinearHeads: @unchecked Sendable {}

extension BatchRows {
  /// Copies rows of the batch, shifted, and adds to their sums.
  fileprivate func copy(
    _ range: Range<Int>, shift: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>, width: Int
  ) {
    guard let indices else {
      return uk_centred_rows(
        rows + range.lowerBound * width, nil, range.count, shift, target, sums, squares, width)
    }
    indices.withUnsafeBufferPointer {
      uk_centred_rows(
        rows, $0.baseAddress.map { $0 + range.lowerBound }, range.count, shift, target, sums,
        squares, width)
    }
  }
}

/// The memory of a training step; each lane writes its own part.
private final class LinearBatchBuffers: @unchecked Sendable {
  let features: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Float>
  let losses: UnsafeMutableBufferPointer<Double>
  private let gradients: UnsafeMutablePointer<Float>
  private let logitStorage: UnsafeMutablePointer<Float>
  private let gradientExtent: Int
  private let logitExtent: Int

  init(batch: Int, width: Int, outputs: Int, lanes: Int) {
    gradientExtent = (outputs * (width + 1) + 15) / 16 * 16
    logitExtent = (LinearHeads.slice * outputs + 15) / 16 * 16
    features = allocateAligned(batch * width)
    sums = allocateAligned(lanes * 2 * width)
    losses = .allocate(capacity: lanes)
    losses.initialize(repeating: 0)
    gradients = allocateAligned(lanes * gradientExtent)
    logitStorage = allocateAligned(lanes * logitExtent)
  }

  deinit {
    for pointer in [features, sums, gradients, logitStorage] { free(pointer) }
    losses.deallocate()
  }

  /// A lane's gradients of folded weights, then of biases.
  func gradient(_ lane: Int) -> UnsafeMutablePointer<Float> { gradients + lane * gradientExtent }

  func logits(_ lane: Int) -> UnsafeMutablePointer<Float> { logitStorage + lane * logitExtent }
}
