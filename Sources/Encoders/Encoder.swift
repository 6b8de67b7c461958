import Support
import Tensors

/// A network that turns images into features.
package protocol Encoder: AnyObject, Sendable {
  /// Architecture, patch and input side as on the command line: `vit-tiny/4@32`.
  var name: String { get }
  /// The input that it was made for; `check` says which others it takes.
  var input: InputShape { get }
  /// What can be read on the way through the network, from the input to the output; at least one.
  var levels: [FeatureLevel] { get }
  /// The learned tensors, under timm's names.
  var parameters: ParameterStore { get }
  /// Class tokens at the head of a sequence: 0 or 1.
  var classTokens: Int { get }
  /// Register tokens after the class token.
  var registerTokens: Int { get }
  /// The masks that `encode` takes.
  var masks: Set<TokenMask.Kind> { get }
  /// Attention heads of a block; nil where there is no attention.
  var attentionHeads: Int? { get }

  /// Refuses an input that the network cannot take.
  /// - Throws: `InputError` saying what does not fit.
  func check(_ input: InputShape) throws

  /// The features of images.
  ///
  /// - Parameters:
  ///   - input: images of a shape that `check` lets pass, and what is wanted of them.
  ///   - graph: the computation.
  /// - Returns: what was asked for, computed in one pass.
  func encode(_ input: EncoderInput, in graph: Graph) -> EncoderOutput

  /// The layer that a parameter belongs to, as timm counts them for layer-wise learning rates.
  ///
  /// 0 is the embedding or stem, then come the blocks; a final norm belongs to the last of them.
  func layer(of parameter: Parameter) -> Int
  /// Number of layers; a head on top would be the next.
  var layerCount: Int { get }

  /// Floating-point operations of the matrix products and convolutions of a forward pass over one image.
  ///
  /// Two for each multiply-add; norms, activations and softmax are not counted, as is usual.
  /// - Parameter patches: how many patches are seen, where hidden ones are dropped.
  /// - Returns: the number of operations.
  func forwardFLOPs(patches: Int) -> Double

  /// A network of its own with the same weights: training it leaves this one as it is.
  func copy() -> Self
}

/// Extents of an encoder's input.
package struct InputShape: Hashable, Sendable {
  package var channels: Int
  /// Height, in pixels.
  package var rows: Int
  /// Width, in pixels.
  package var columns: Int

  /// An input of `rows × columns` pixels.
  package init(channels: Int = 3, rows: Int, columns: Int) {
    self.channels = channels
    self.rows = rows
    self.columns = columns
  }

  /// A square.
  package init(channels: Int = 3, side: Int) {
    self.init(channels: channels, rows: side, columns: side)
  }
}

/// Features that can be read inside a network.
package struct FeatureLevel: Hashable, Sendable {
  /// What timm calls it: `blocks.3`, `layer2`.
  package let name: String
  /// Pixels between neighbouring places.
  package let stride: Int
  /// Features of a place.
  package let channels: Int

  /// Places along the rows and columns of an input.
  package func grid(of input: InputShape) -> (rows: Int, columns: Int) {
    ((input.rows - 1) / stride + 1, (input.columns - 1) / stride + 1)
  }
}

extension Encoder {
  /// Number of levels.
  package var depth: Int { levels.count }
  /// A level by its number from 1; the last, which the output has the extents of, when nil.
  package func level(_ number: Int?) -> FeatureLevel { levels[(number ?? levels.count) - 1] }
  /// Features of a token of the output.
  package var width: Int { level(nil).channels }
  /// Channels of the input: 3, or 1.
  package var channels: Int { input.channels }
  /// Side of the square input that it was made for, in pixels.
  package var side: Int { input.rows }
  /// Tokens before the first patch.
  package var prefixTokens: Int { classTokens + registerTokens }
  /// Patch tokens of the output, by rows and columns.
  package var patchGrid: (rows: Int, columns: Int) { level(nil).grid(of: input) }
  /// Patch tokens of the output.
  package var patchCount: Int { patchGrid.rows * patchGrid.columns }
  /// All tokens of the output.
  package var tokenCount: Int { tokenCount(at: nil) }

  /// All tokens of a level, or of the output when nil.
  package func tokenCount(at level: Int?) -> Int {
    let grid = self.level(level).grid(of: input)
    return prefixTokens + grid.rows * grid.columns
  }
}
