import Support
import Tensors

/// A network that turns images into features.
package protocol Encoder: AnyObject, Sendable {
  /// Architecture, patch and input side as on the command line: `vit-tiny/4@32`.
  var name: String { get }
  /// Features of a token.
  var width: Int { get }
  /// Side of the square input, in pixels.
  var side: Int { get }
  /// The learned tensors, under timm's names.
  var parameters: ParameterStore { get }
  /// Number of blocks whose output can be read.
  var depth: Int { get }
  /// Class tokens at the head of a sequence: 0 or 1.
  var classTokens: Int { get }
  /// Register tokens after the class token.
  var registerTokens: Int { get }
  /// Channels of the input: 3, or 1.
  var channels: Int { get }
  /// Patch tokens, by rows and columns.
  var patchGrid: (rows: Int, columns: Int) { get }

  /// The tokens of images.
  ///
  /// - Parameters:
  ///   - images: float32 `[batch, channels, side, side]`, preprocessed.
  ///   - graph: the computation.
  ///   - layer: the block (from 1) whose output is read without the final norm; nil reads the end.
  /// - Returns: float32 `[batch, tokens, width]`: class, registers, patches in raster order.
  func tokens(of images: Node, in graph: Graph, layer: Int?) -> Node
}

extension Encoder {
  package var channels: Int { 3 }
  /// Tokens before the first patch.
  package var prefixTokens: Int { classTokens + registerTokens }
  /// Patches of an image.
  package var patchCount: Int { patchGrid.rows * patchGrid.columns }
  /// All tokens of an image.
  package var tokenCount: Int { prefixTokens + patchCount }
}
