import Tensors

/// What an encoder gives for images.
package struct EncoderOutput {
  /// One for each of the input's taps, in their order.
  package let features: [LevelFeatures]
  /// How much the class token of the last block attends to each token: float32 `[batch, heads, tokens]`, rows sum to 1.
  ///
  /// Nil unless it was asked for, and where there is no class token. It is not differentiated.
  package let attention: Node?

  /// The sequence of the first tap: the output, when nothing else was asked for.
  package var sequence: Node { features[0].sequence }
}

/// The features of one level.
package struct LevelFeatures {
  /// Class token, registers, patches in raster order (those that were seen): float32 `[batch, tokens, channels]`.
  package let sequence: Node
  /// Tokens before the first patch.
  package let prefixTokens: Int
  /// Places by rows and columns; patches that were dropped are missing in the sequence.
  package let grid: (rows: Int, columns: Int)

  /// The patches as a feature map.
  ///
  /// - Parameter graph: the computation of the sequence.
  /// - Returns: float32 `[batch, channels, rows, columns]`; every patch must have been seen.
  package func map(in graph: Graph) -> Node {
    graph.featureMap(
      of: sequence, after: prefixTokens, rows: grid.rows, columns: grid.columns)
  }
}
