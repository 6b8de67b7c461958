import Encoders
import Support
import Tensors

/// Predicts what the encoder would make of hidden patches, from the visible tokens and the hidden places.
///
/// Chen et al. 2022, "Context Autoencoder", section 3 and official code: one learned query for all hidden places attends, block
/// by block, to the visible tokens and to the queries so far; visible tokens are never changed, and the class token is not
/// read. Parameter names are the official ones.
final class CrossAttentionRegressor: EncoderPredictor {
  static let kind = "cross_attention"
  static let summary = "learned queries that attend to visible tokens (CAE)"

  private let width: Int
  private let query: Parameter
  private let places: PlaceTable
  private let blocks: [CrossAttentionBlock]
  private let norm: NormParameters
  private let parameters: [Parameter]

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    let encoder = context.encoder
    guard shape == .hiddenPatches(width: encoder.width) else {
      throw Self.cannot(predict: shape, fields)
    }
    guard context.hiding == .drop else {
      throw fields.error(
        at: nil, "cross_attention predicts the tokens of patches that are missing",
        "hide patches by mask: {apply: drop}")
    }
    width = encoder.width
    let depth = try fields.take("depth", default: 2, in: 1...64, "blocks of the regressor")
    let heads = try fields.take(
      "heads", default: encoder.attentionHeads ?? 1, in: 1...256, "heads of the regressor")
    guard width % heads == 0, width % 4 == 0 else {
      throw fields.error(
        at: "heads", "tokens of \(width) features are not divisible by \(heads) heads and by 4",
        "change heads")
    }
    let (store, prefix) = (context.store, context.prefix)
    let before = store.parameters.count
    query = store.add(prefix + "mask_token", [1, 1, width])
    places = PlaceTable(context, width: width)
    blocks = (0..<depth).map {
      CrossAttentionBlock(
        width: encoder.width, heads: heads, prefix: "\(prefix)regresser.regressor_blocks.\($0)",
        in: store)
    }
    norm = NormParameters(store, prefix + "regresser.norm", width)
    parameters = Array(store.parameters[before...])
  }

  func initialize(seed: UInt64) {
    fillContextAutoencoder(parameters, seed: seed)
    places.fill()
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let features = output.features[0]
    let context = VisibleContext(
      tokens: features.patches(in: graph), visible: slice.plans.flatMap(\.visible),
      hidden: slice.plans.flatMap(\.hidden), places: places)
    let hidden = context.hidden.count
    var x = graph.tokens(
      context.tokens, learned: [query], positions: Parameter?.none,
      plan: TokenPlan(
        sources: [Int32](repeating: TokenPlan.learned(0), count: hidden),
        positions: [Int32](repeating: TokenPlan.noPosition, count: hidden),
        tokens: hidden / max(slice.count, 1)))
    for block in blocks { x = block(x, context, in: graph) }
    return norm(x, graph, CrossAttentionBlock.epsilon, output: .float32).reshaped([hidden, width])
  }

  func forwardFLOPs(visible: Int, hidden: Int) -> Double {
    blocks.reduce(0) { $0 + $1.forwardFLOPs(visible: visible, hidden: hidden) }
  }
}
