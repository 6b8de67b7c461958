import Encoders
import Support
import Tensors

/// One cross-attention with a learned query, batch norm without gain and bias, and a linear layer on
/// frozen tokens, trained by SGD.
///
/// It is CAE's attentive probe (Chen et al. 2024). Several heads that differ in learning rate and
/// weight decay are trained side by side, always in fp32. All images share the query and tokens are not
/// trained, so keys and values of tokens are never computed: scores are products with `W_kᵀ q`, and the
/// values' linear layer is applied to the weighted means of tokens. That is the same function, at a cost per
/// token that does not grow with the square of the width. Batch norm sees the whole batch, which passes as one
/// graph; the result is the same for any number of workers.
package final class AttentiveHeads {
  let tokens: Int
  let width: Int
  let heads: Int
  let classes: Int
  let settings: [LinearHeads.Setting]
  /// The learned tensors; those of setting `i` are named `head.i.…`.
  package let store = ParameterStore()
  private let parameters: AttentiveParameters
  private let statistics: RunningStatistics
  private let pool: WorkerPool
  private let team: WorkerTeam
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
    team = WorkerTeam(pool)
    parameters = AttentiveParameters(store, count: settings.count, width: width, classes: classes)
    statistics = RunningStatistics(store, "norm", settings.count * width)
    optimizer = SGD(store, momentum: momentum, rule: settings.rule)
    parameters.initialize(seed: seed)
    statistics.reset()
    store.allocate()
  }

  /// Number of learned scalars of one head.
  package var parameterCount: Int { store.parameterCount / settings.count }

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
    defer { team.trim() }
    return try schedule.train(
      on: examples ?? (0..<Int32(input.count)).map { $0 }, peak: settings.peak, seed: seed,
      advance: advance
    ) { indices, epoch, rate in
      let loss = differentiate(
        try input.batch(indices, epoch: epoch), indices.map { labels[Int($0)] })
      optimizer.step(learningRate: rate, pool: pool)
      return loss
    }
  }

  /// Computes the loss of a batch and leaves the gradients in the store.
  ///
  /// - Parameters:
  ///   - tokens: the examples.
  ///   - labels: their classes.
  /// - Returns: the mean loss over heads and examples.
  package func differentiate(_ tokens: BatchTokens, _ labels: [Int32]) -> Double {
    let graph = Graph(team: team, precision: .fp32, training: [store])
    let loss = graph.crossEntropy(
      scores(tokens, graph), labels: labels, weight: 1 / Float(tokens.count))
    graph.backward()
    store.absorbRunningStatistics()
    return loss / Double(settings.count)
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
    let result = Tensor([examples.count, settings.count * classes])
    defer { team.trim() }
    for start in stride(from: 0, to: examples.count, by: 512) {
      let range = start..<min(start + 512, examples.count)
      let tokens = try input.batch(Array(examples[range]), epoch: 0)
      result.setRows(range, to: scores(tokens, Graph(team: team, precision: .fp32)))
    }
    return result.array
  }

  /// The logits of a batch, `[examples, settings, classes]`.
  private func scores(_ tokens: BatchTokens, _ graph: Graph) -> Node {
    let (p, count) = (parameters, settings.count)
    let (rows, headWidth) = (count * heads, width / heads)
    let query = graph.layerNorm(
      graph.rows([0], of: p.query.whole).reshaped([count, width]), gain: p.queryNorm.gain,
      bias: p.queryNorm.bias, epsilon: AttentiveParameters.normEpsilon)
    let projected = graph.linear(
      query.reshaped([1, count * width]), weight: p.queryLinear.weight.whole,
      bias: p.queryLinear.bias.whole, groups: count)
    // The key's bias adds the same to all scores of a head, so it is left out.
    let keys = graph.linear(
      projected, weight: p.keyWeight.whole, bias: nil, groups: rows, order: .inputsByOutputs)
    let pooled = graph.attentionPooled(
      tokens, directions: graph.scaled(keys.reshaped([rows, width]), by: p.keyNorm.gain),
      scale: 1 / Float(headWidth).squareRoot(), epsilon: AttentiveParameters.normEpsilon)
    let values = graph.linear(
      pooled.reshaped([tokens.count, rows * width]), weight: p.valueLinear.weight.whole,
      bias: p.valueLinear.bias.whole, groups: rows, after: p.valueNorm)
    let outputs = graph.linear(
      values, weight: p.projection.weight.whole, bias: p.projection.bias.whole, groups: count)
    let normed = graph.batchNorm(
      outputs, gain: nil, bias: nil, statistics: statistics, epsilon: 1e-5)
    return graph.linear(
      normed, weight: p.classifier.weight.whole, bias: p.classifier.bias.whole, groups: count
    ).reshaped([tokens.count, count, classes])
  }
}

/// The learned tensors of attentive heads side by side.
private struct AttentiveParameters {
  typealias Linear = (weight: ParameterGroup, bias: ParameterGroup)

  let query: ParameterGroup
  let queryNorm: GainAndBias
  let keyNorm: GainAndBias
  let valueNorm: GainAndBias
  let queryLinear: Linear
  let keyWeight: ParameterGroup
  let valueLinear: Linear
  let projection: Linear
  let classifier: Linear
  private let gains: [ParameterGroup]

  static let normEpsilon: Float = 1e-6

  /// Declares the tensors of `count` heads, named `head.i.…`.
  init(_ store: ParameterStore, count: Int, width: Int, classes: Int) {
    func group(_ name: String, _ shape: [Int]) -> ParameterGroup {
      store.add(group: (0..<count).map { "head.\($0).\(name)" }, shape)
    }
    func linear(_ name: String, _ outputs: Int) -> Linear {
      (group("\(name).weight", [outputs, width]), group("\(name).bias", [outputs]))
    }
    query = group("query", [width])
    let norms = ["query", "key", "value"].map {
      (gain: group("norms.\($0).weight", [width]), bias: group("norms.\($0).bias", [width]))
    }
    gains = norms.map(\.gain)
    let whole = norms.map { GainAndBias(gain: $0.gain.whole, bias: $0.bias.whole) }
    (queryNorm, keyNorm, valueNorm) = (whole[0], whole[1], whole[2])
    queryLinear = linear("q", width)
    keyWeight = group("k.weight", [width, width])
    valueLinear = linear("v", width)
    projection = linear("proj", width)
    classifier = linear("head", classes)
  }

  /// Linear layers truncated normal(0.02), gains 1; everything else, the query too, 0.
  func initialize(seed: UInt64) {
    for gain in gains { Initialization.constant(1).fill(gain.whole, seed: seed) }
    let weights = [
      queryLinear.weight, keyWeight, valueLinear.weight, projection.weight, classifier.weight,
    ]
    for (index, weight) in weights.enumerated() {
      // By number, not by name, so that heads side by side begin alike.
      let random = RandomStream(seed: seed, purpose: "initialise attentive probe", index)
      for member in weight.members {
        Initialization.truncatedNormal(0.02).fill(member, from: random)
      }
    }
  }
}
