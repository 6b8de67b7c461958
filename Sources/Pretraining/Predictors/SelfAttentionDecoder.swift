import Encoders
import Support
import Tensors

/// A thin transformer that predicts pixels at hidden places from the visible tokens.
///
/// He et al. 2022, official code: project, put a learned mask token at every hidden place, add
/// fixed positions to all, run blocks, normalise, predict. Parameter names are the official ones.
package final class SelfAttentionDecoder: @unchecked Sendable {
  private let width: Int
  private let heads: Int
  private let embedding: LinearParameters
  private let maskToken: Parameter
  private let positions: Parameter
  private let blocks: [TransformerBlock]
  private let norm: NormParameters
  private let prediction: LinearParameters
  private let places: Int
  private let encoderWidth: Int
  private let outputs: Int
  private let shape: TransformerBlock.Shape
  private let epsilon: Float = 1e-6

  /// Declares and initialises the decoder's parameters.
  ///
  /// - Parameters:
  ///   - fields: `width`, `depth`, `heads`.
  ///   - encoder: whose tokens are decoded; it must have a class token.
  ///   - outputs: values predicted for a patch.
  ///   - store: receives the parameters.
  ///   - seed: fixes the initial weights.
  /// - Throws: `InputError` when the heads do not divide the width.
  package init(
    _ fields: Fields, encoder: VisionTransformer, outputs: Int, in store: ParameterStore,
    seed: UInt64
  ) throws {
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
    places = encoder.patchCount
    encoderWidth = encoder.width
    self.outputs = outputs
    embedding = LinearParameters(store, "decoder_embed", encoder.width, width)
    maskToken = store.add("mask_token", [1, 1, width])
    positions = store.add("decoder_pos_embed", [1, places + 1, width], isTrainable: false)
    let shape = TransformerBlock.Shape(width: width, heads: heads, mlpWidth: 4 * width)
    self.shape = shape
    blocks = (0..<depth).map {
      TransformerBlock(shape, prefix: "decoder_blocks.\($0)", in: store)
    }
    norm = NormParameters(store, "decoder_norm", width)
    prediction = LinearParameters(store, "decoder_pred", width, outputs)
    for parameter in store.parameters {
      VisionTransformer.initialization(of: parameter).fill(parameter, seed: seed)
    }
    let grid = encoder.patchGrid
    let table = sinCosPositions(width: width, rows: grid.rows, columns: grid.columns, prefix: 1)
    positions.data.update(from: table, count: table.count)
  }

  /// The published decoder (512 × 8 blocks, 16 heads) for encoders of at least ViT-B's width; for
  /// smaller ones, of which the paper has none, half the encoder's width × 4 blocks.
  private static func usualExtents(encoderWidth: Int) -> (width: Int, depth: Int, heads: Int) {
    encoderWidth >= 768 ? (512, 8, 16) : (encoderWidth / 2, 4, 4)
  }

  /// Predictions at chosen places.
  ///
  /// - Parameters:
  ///   - encoded: float32 `[batch, 1 + visible, encoder width]`.
  ///   - visible: raster indices of the visible patches, `[batch × visible]`.
  ///   - wanted: raster indices of the places to predict, `[batch × wanted]`.
  ///   - graph: the computation.
  /// - Returns: float32 `[batch, wanted, outputs]`.
  package func predictions(
    from encoded: Node, visible: [Int32], wanted: [Int32], in graph: Graph
  ) -> Node {
    let batch = encoded.shape[0]
    var x = graph.linear(
      encoded, weight: embedding.weight, bias: embedding.bias, output: .float32)
    x = graph.tokens(
      x, learned: [maskToken], positions: positions, plan: plan(batch: batch, visible: visible))
    for block in blocks { x = block(x, in: graph) }
    // Only the wanted places are normalised and predicted.
    x = graph.gathered(x, at: wanted.map { $0 + 1 })
    return graph.linear(
      norm(x, graph, epsilon), weight: prediction.weight, bias: prediction.bias, output: .float32)
  }

  /// Floating-point operations of a forward pass over one image, two for each multiply-add.
  ///
  /// - Parameters:
  ///   - visible: patches that the encoder saw.
  ///   - wanted: places that are predicted.
  /// - Returns: the number of operations; the blocks work on the class token and every place.
  func forwardFLOPs(visible: Int, wanted: Int) -> Double {
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
