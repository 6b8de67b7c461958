import Encoders
import Tensors

/// What the queries of a block attend to beside themselves.
struct VisibleContext {
  /// Tokens of visible patches: float32 `[batch, visible, width]`.
  let tokens: Node
  /// Their places, `[batch × visible]`.
  let visible: [Int32]
  /// The places of the queries, `[batch × hidden]`.
  let hidden: [Int32]
  /// Positions of all places.
  let places: PlaceTable
}

/// A block of CAE's regressor.
///
/// Chen et al. 2022, "Context Autoencoder", official code: queries and keys have positions, values have none; the second sum
/// starts from the normalised result of the first.
struct CrossAttentionBlock: Sendable {
  static let epsilon: Float = 1e-6

  private let heads: Int
  private let queryNorm, keyNorm, valueNorm, middleNorm: NormParameters
  private let query, key, value: Parameter
  private let queryBias, valueBias: Parameter
  private let projection, first, second: LinearParameters
  private let attentionScale, mlpScale: Parameter

  /// Declares the parameters of a block under `prefix`.
  init(width: Int, heads: Int, prefix: String, in store: ParameterStore) {
    self.heads = heads
    queryNorm = NormParameters(store, "\(prefix).norm1_q", width)
    keyNorm = NormParameters(store, "\(prefix).norm1_k", width)
    valueNorm = NormParameters(store, "\(prefix).norm1_v", width)
    query = store.add("\(prefix).cross_attn.q.weight", [width, width])
    key = store.add("\(prefix).cross_attn.k.weight", [width, width])
    value = store.add("\(prefix).cross_attn.v.weight", [width, width])
    queryBias = store.add("\(prefix).cross_attn.q_bias", [width])
    valueBias = store.add("\(prefix).cross_attn.v_bias", [width])
    projection = LinearParameters(store, "\(prefix).cross_attn.proj", width, width)
    attentionScale = store.add("\(prefix).gamma_1_cross", [width])
    middleNorm = NormParameters(store, "\(prefix).norm2_cross", width)
    first = LinearParameters(store, "\(prefix).mlp_cross.fc1", width, 4 * width)
    second = LinearParameters(store, "\(prefix).mlp_cross.fc2", 4 * width, width)
    mlpScale = store.add("\(prefix).gamma_2_cross", [width])
  }

  /// Queries `[batch, hidden, width]` to the same shape, float32.
  func callAsFunction(_ x: Node, _ context: VisibleContext, in graph: Graph) -> Node {
    let (batch, count, width) = (x.shape[0], x.shape[1], x.shape[2])
    let seen = context.tokens.shape[1]
    let source = graph.concatenated([
      context.tokens.reshaped([batch, seen * width]), x.reshaped([batch, count * width]),
    ]).reshaped([batch, seen + count, width])
    var places: [Int32] = []
    for image in 0..<batch {
      places += context.visible[image * seen..<(image + 1) * seen]
      places += context.hidden[image * count..<(image + 1) * count]
    }
    let queries = context.places.added(to: x, at: context.hidden, in: graph)
    let keys = context.places.added(to: source, at: places, in: graph)
    let attended = graph.attention(
      query: graph.linear(
        queryNorm(queries, graph, Self.epsilon), weight: query, bias: queryBias),
      key: graph.linear(keyNorm(keys, graph, Self.epsilon), weight: key, bias: nil),
      value: graph.linear(
        valueNorm(source, graph, Self.epsilon), weight: value, bias: valueBias),
      heads: heads)
    let mixed = graph.linear(
      attended, weight: projection.weight, bias: projection.bias, output: .float32)
    let middle = middleNorm(
      graph.scaled(mixed, by: attentionScale, residual: x), graph, Self.epsilon, output: .float32)
    let hidden = graph.linear(middle, weight: first.weight, bias: first.bias, activation: .gelu)
    let branch = graph.linear(hidden, weight: second.weight, bias: second.bias, output: .float32)
    return graph.scaled(branch, by: mlpScale, residual: middle)
  }

  /// Floating-point operations of the matrix products of one image, two for each multiply-add.
  func forwardFLOPs(visible: Int, hidden: Int) -> Double {
    let (d, q, k) = (Double(queryBias.count), Double(hidden), Double(visible + hidden))
    return 2 * d * d * (10 * q + 2 * k) + 4 * q * k * d
  }
}
