import Encoders
import Support
import Tensors

/// Transformer blocks among predicted tokens of hidden patches, which see no visible token, and a linear layer.
///
/// Chen et al. 2022, "Context Autoencoder", official code: what another term predicts, plus the positions of its places. With 0
/// blocks it is a norm and a linear layer. Parameter names are the official ones, those of blocks timm's.
final class HiddenDecoder: StackedPredictor {
  static let kind = "hidden_decoder"
  static let summary = "blocks among the hidden tokens that another term predicts (CAE)"
  private static let epsilon: Float = 1e-6

  let source: Int
  private let width: Int
  private let outputs: Int
  private let places: PlaceTable
  private let shape: TransformerBlock.Shape
  private let blocks: [TransformerBlock]
  private let norm: NormParameters
  private let head: LinearParameters
  private let parameters: [Parameter]

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    guard case .hiddenPatches(let outputs) = shape else {
      throw Self.cannot(predict: shape, fields)
    }
    source = try fields.take(
      "reads", default: max(0, context.earlier.count - 1), in: 0...1000,
      "the term, counted from 0, whose prediction it reads; the one before if absent")
    guard context.hiding == .drop, source < context.earlier.count,
      case .hiddenPatches(let width) = context.earlier[source]
    else {
      throw fields.error(
        at: "reads", "hidden_decoder reads the tokens that an earlier term predicts",
        "put a term with predictor: {kind: cross_attention} before it")
    }
    (self.width, self.outputs) = (width, outputs)
    let depth = try fields.take("depth", default: 2, in: 0...64, "blocks of the decoder")
    let heads = try fields.take(
      "heads", default: context.encoder.attentionHeads ?? 1, in: 1...256, "heads of the decoder")
    guard width % heads == 0, width % 4 == 0 else {
      throw fields.error(
        at: "heads", "tokens of \(width) features are not divisible by \(heads) heads and by 4",
        "change heads")
    }
    let (store, prefix) = (context.store, context.prefix)
    let before = store.parameters.count
    places = PlaceTable(context, width: width)
    var block = TransformerBlock.Shape(width: width, heads: heads, mlpWidth: 4 * width)
    block.hasLayerScale = true
    self.shape = block
    blocks = (0..<depth).map {
      TransformerBlock(block, prefix: "\(prefix)decoder.decoder_blocks.\($0)", in: store)
    }
    norm = NormParameters(store, prefix + "decoder.norm", width)
    head = LinearParameters(store, prefix + "decoder.head", width, outputs)
    parameters = Array(store.parameters[before...])
  }

  func initialize(seed: UInt64) {
    fillContextAutoencoder(parameters, seed: seed)
    places.fill()
  }

  func predict(from below: Node, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let hidden = slice.plans.flatMap(\.hidden)
    let count = hidden.count / max(slice.count, 1)
    var x = places.added(
      to: below.reshaped([slice.count, count, width]), at: hidden, in: graph)
    for block in blocks { x = block(x, in: graph) }
    return graph.linear(
      norm(x, graph, Self.epsilon), weight: head.weight, bias: head.bias, output: .float32
    ).reshaped([hidden.count, outputs])
  }

  func forwardFLOPs(visible: Int, hidden: Int) -> Double {
    Double(blocks.count) * shape.forwardFLOPs(tokens: hidden)
      + 2 * Double(hidden * head.weight.count)
  }
}
