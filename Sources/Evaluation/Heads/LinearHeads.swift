import Encoders
import Support
import Tensors

/// Batch norm without gain and bias, then a linear layer, trained by LARS: MAE's linear probe.
///
/// Several heads that differ in learning rate and weight decay are trained side by side on the
/// same batches, as one linear layer, which costs little more than one. Always in fp32. The features are not
/// trained, so the statistics of the whole batch are known before the step. The result is the same for any
/// number of workers.
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

  let width: Int
  let classes: Int
  let settings: [Setting]
  /// The weights of each head, `[classes, width]`.
  package let weights: ParameterGroup
  /// The biases of each head, `[classes]`.
  package let biases: ParameterGroup
  private let store = ParameterStore()
  private let statistics: RunningStatistics
  private let normStore = ParameterStore()
  private let epsilon: Double
  private let seed: UInt64
  private let pool: WorkerPool
  private let runner: DataParallel
  private let optimizer: LARS

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
    self.epsilon = epsilon
    self.seed = seed
    self.pool = pool
    weights = store.add(group: settings.indices.map { "head.\($0).weight" }, [classes, width])
    biases = store.add(group: settings.indices.map { "head.\($0).bias" }, [classes])
    statistics = RunningStatistics(normStore, "norm", width)
    statistics.reset()
    runner = DataParallel(pool: pool, stores: [store], lanes: Self.lanes, precision: .fp32)
    optimizer = LARS(store, momentum: momentum, trust: trust, rule: settings.rule)
    let random = RandomStream(seed: seed, purpose: "initialise linear probe")
    for weight in weights.members {
      Initialization.truncatedNormal(0.01).fill(weight, from: random)
    }
  }

  /// The mean of the features, averaged over batches as evaluation uses it.
  package var runningMean: [Float] { statistics.mean.array }
  /// The unbiased variance of the features, averaged over batches.
  package var runningVariance: [Float] { statistics.variance.array }

  /// Number of learned scalars of one head.
  package var parameterCount: Int { classes * (width + 1) }

  /// How many rows pass together: their features take about 400 KB, their logits and gradients at most 8 MB.
  private var slice: Int {
    max(16, min(400_000 / (4 * width), 8_000_000 / (8 * settings.count * classes)))
  }

  /// Trains all heads.
  ///
  /// - Parameters:
  ///   - input: the features.
  ///   - labels: the class of every example of the input.
  ///   - examples: those to learn from; all when nil.
  ///   - schedule: epochs, batches, warm-up.
  ///   - advance: called after each step with its number of examples.
  /// - Returns: the mean loss over heads and examples of the last step.
  /// - Throws: the input's errors.
  @discardableResult
  package func train(
    _ input: any HeadInput, labels: [Int32], examples: [Int32]? = nil, schedule: ProbeSchedule,
    advance: (Int) -> Void = { _ in }
  ) throws -> Double {
    defer { runner.trim() }
    let losses = try schedule.train(
      on: examples ?? (0..<Int32(input.count)).map { $0 }, peak: settings.peak, seed: seed,
      advance: advance
    ) { indices, epoch, rate in
      let loss = try differentiate(
        input.batch(indices, epoch: epoch), indices.map { labels[Int($0)] })
      optimizer.step(learningRate: rate, pool: pool)
      return loss
    }
    return losses.last ?? 0
  }

  /// Computes the loss of a batch and leaves the gradients in the store.
  private func differentiate(_ rows: BatchRows, _ labels: [Int32]) throws -> Double {
    let moments = rows.moments(pool: pool)
    statistics.move(towards: moments)
    let score = score(rows, by: ColumnNorm(moments, epsilon: epsilon))
    let weight = 1 / Float(rows.count)
    let loss = try runner.step(batch: rows.count, slice: slice) { graph, range in
      graph.crossEntropy(score(graph, range), labels: Array(labels[range]), weight: weight)
    }
    return loss / Double(settings.count)
  }

  /// The logits of a range of rows, `[rows, heads, classes]`.
  private func score(_ rows: BatchRows, by norm: ColumnNorm)
    -> @Sendable (Graph, Range<Int>) -> Node
  {
    let (weight, bias, shape) = (weights.whole, biases.whole, [settings.count, classes])
    return { graph, range in
      graph.linear(graph.batchNorm(rows, range, by: norm), weight: weight, bias: bias)
        .reshaped([range.count] + shape)
    }
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
    let rows = try input.batch(examples, epoch: 0)
    let score = score(rows, by: ColumnNorm(statistics, epsilon: epsilon))
    let result = Tensor([examples.count, settings.count * classes])
    defer { runner.trim() }
    try runner.forEachSlice(of: examples.count, slice: 128) { graph, range in
      result.setRows(range, to: score(graph, range))
    }
    return result.array
  }
}

extension [LinearHeads.Setting] {
  /// The largest learning rate, from which the rule takes those of the others.
  var peak: Double { map(\.baseRate).max() ?? 1 }

  /// What an optimiser does to the parameters of heads side by side, named `head.i.…` after their setting.
  ///
  /// One-dimensional parameters do not decay, as is usual.
  func rule(_ parameter: Parameter) -> ParameterRule {
    let setting = self[Int(parameter.name.split(separator: ".")[1]) ?? 0]
    var rule = ParameterRule.usual(decay: setting.decay)(parameter)
    rule.rateFactor = Float(setting.baseRate / peak)
    return rule
  }
}
