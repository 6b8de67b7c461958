import Encoders
import Support
import Tensors

/// A thin transformer that predicts hidden places from the visible tokens.
///
/// He et al. 2022, official code: project, put a learned mask token at every hidden place, add
/// fixed positions to all, run blocks, normalise, predict. Parameter names are the official ones.
final class SelfAttentionDecoder: EncoderPredictor {
  static let kind = "self_attention"
  static let summary = "thin transformer over visible and mask tokens (MAE)"

  private let width: Int
  private let heads: Int
  private let embedding: LinearParameters
  private let maskToken: Parameter
  private let positions: Parameter
  private let blocks: [TransformerBlock]
  private let norm: NormParameters
  private let prediction: LinearParameters
  private let grid: (rows: Int, columns: Int)
  private let places: Int
  private let encoderWidth: Int
  private let outputs: Int
  private let shape: TransformerBlock.Shape
  private let parameters: [Parameter]
  private let epsilon: Float = 1e-6

  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws {
    let encoder = context.encoder
    guard case .hiddenPatches(let outputs) = shape else {
      throw Self.cannot(predict: shape, fields)
    }
    guard encoder.classTokens == 1, encoder.registerTokens == 0 else {
      throw InputError(encoder.name, "MAE needs a class token and no registers")
    }
    guard context.hiding == .drop else {
      throw fields.error(
        at: nil, "self_attention puts mask tokens where patches are missing",
        "hide patches by mask: {apply: drop}")
    }
    let usual = Self.usualExtents(encoderWidth: encoder.width)
    width = try fields.take(
      "width", default: usual.width, in: 4...8192, "features of a decoder token")
    let depth = try fields.take("depth", default: usual.depth, in: 1...64, "blocks of the decoder")
    heads = try fields.take("heads", default: usual.heads, in: 1...256, "heads of the decoder")
    guard width % heads == 0, width % 4 == 0 else {
      throw fields.error(
        at: "width", "\(width) is not divisible by \(heads) heads and by 4",
        "change decoder.width or decoder.heads")
    }
    grid = encoder.patchGrid
    places = encoder.patchCount
    encoderWidth = encoder.width
    self.outputs = outputs
    let (store, prefix) = (context.store, context.prefix)
    let before = store.parameters.count
    embedding = LinearParameters(store, prefix + "decoder_embed", encoder.width, width)
    maskToken = store.add(prefix + "mask_token", [1, 1, width])
    positions = store.add(
      prefix + "decoder_pos_embed", [1, places + 1, width], isTrainable: false)
    let block = TransformerBlock.Shape(width: width, heads: heads, mlpWidth: 4 * width)
    self.shape = block
    blocks = (0..<depth).map {
      TransformerBlock(block, prefix: "\(prefix)decoder_blocks.\($0)", in: store)
    }
    norm = NormParameters(store, prefix + "decoder_norm", width)
    prediction = LinearParameters(store, prefix + "decoder_pred", width, outputs)
    parameters = Array(store.parameters[before...])
  }

  func initialize(seed: UInt64) {
    for parameter in parameters {
      VisionTransformer.initialization(of: parameter).fill(parameter, seed: seed)
    }
    let table = sinCosPositions(width: width, rows: grid.rows, columns: grid.columns, prefix: 1)
    unsafe positions.data.update(from: table, count: table.count)
  }

  /// The published decoder (512 × 8 blocks, 16 heads) for encoders of at least ViT-B's width; for
  /// smaller ones, of which the paper has none, half the encoder's width × 4 blocks.
  private static func usualExtents(encoderWidth: Int) -> (width: Int, depth: Int, heads: Int) {
    encoderWidth >= 768 ? (512, 8, 16) : (encoderWidth / 2, 4, 4)
  }

  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let encoded = output.sequence
    let batch = encoded.shape[0]
    let visible = slice.plans.flatMap(\.visible)
    var x = graph.linear(
      encoded, weight: embedding.weight, bias: embedding.bias, output: .float32)
    x = graph.tokens(
      x, learned: [maskToken], positions: positions, plan: plan(batch: batch, visible: visible))
    for block in blocks { x = block(x, in: graph) }
    // Only the wanted places are normalised and predicted.
    let wanted = slice.hiddenRows(places: places + 1, prefix: 1)
    x = graph.gathered(x.reshaped([1, batch * (places + 1), width]), at: wanted)
    return graph.linear(
      norm(x, graph, epsilon), weight: prediction.weight, bias: prediction.bias, output: .float32
    ).reshaped([wanted.count, outputs])
  }

  /// The blocks work on the class token and every place.
  func forwardFLOPs(visible: Int, hidden wanted: Int) -> Double {
    let ends = (1 + visible) * encoderWidth * width + wanted * width * outputs
    return 2 * Double(ends) + Double(blocks.count) * shape.forwardFLOPs(tokens: places + 1)
  }

  /// Class token, then every place in raster order: its visible token or the mask token.
  private func plan(batch: Int, visible: [Int32]) -> TokenPlan {
    let count = visible.count / max(batch, 1)
    var sources = [Int32](repeating: TokenPlan.learned(0), count: batch * (places + 1))
    for image in 0..<batch {
      let start = image * (places + 1)
      sources[start] = 0
      for token in 0..<count {
        sources[start + 1 + Int(visible[image * count + token])] = Int32(token + 1)
      }
    }
    let row = (0...places).map(Int32.init)
    return TokenPlan(
      sources: sources, positions: [Int32]((0..<batch).flatMap { _ in row }), tokens: places + 1)
  }
}
