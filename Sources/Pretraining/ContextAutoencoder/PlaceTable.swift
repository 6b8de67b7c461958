import Encoders
import Support
import Tensors

/// The fixed positions of all patches, which are added to tokens at some of them.
///
/// Chen et al. 2022, "Context Autoencoder" (`rd_pos_embed`); the table is the encoder's, without a row for its class token.
struct PlaceTable: Sendable {
  private let table: Parameter
  private let grid: (rows: Int, columns: Int)

  /// Declares the table, for tokens of `width` features.
  init(_ context: PartContext, width: Int) {
    grid = context.encoder.patchGrid
    table = context.store.add(
      context.prefix + "rd_pos_embed", [1, context.encoder.patchCount, width], isTrainable: false)
  }

  /// Computes it.
  func fill() {
    let values = sinCosPositions(
      width: table.shape[2], rows: grid.rows, columns: grid.columns, prefix: 0)
    unsafe table.data.update(from: values, count: values.count)
  }

  /// Tokens with the positions of their places.
  ///
  /// - Parameters:
  ///   - x: float32 `[batch, tokens, width]`.
  ///   - places: raster indices, `[batch × tokens]`.
  ///   - graph: the computation.
  /// - Returns: float32, of the same shape.
  func added(to x: Node, at places: [Int32], in graph: Graph) -> Node {
    let row = (0..<Int32(x.shape[1])).map { $0 }
    return graph.tokens(
      x, learned: [], positions: table,
      plan: TokenPlan(
        sources: (0..<x.shape[0]).flatMap { _ in row }, positions: places, tokens: x.shape[1]))
  }
}

/// Draws fresh weights of CAE's regressor or decoder: Xavier-uniform matrices, gains of branches 0.1.
func fillContextAutoencoder(_ parameters: [Parameter], seed: UInt64) {
  for parameter in parameters {
    let isScale = parameter.name.contains("gamma")
    let usual = VisionTransformer.initialization(of: parameter)
    (isScale ? .constant(0.1) : usual).fill(parameter, seed: seed)
  }
}
