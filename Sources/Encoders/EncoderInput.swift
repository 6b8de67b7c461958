import Tensors

/// Images on their way into an encoder, and what is wanted of them.
package struct EncoderInput {
  /// Preprocessed images, float32 `[batch, channels, rows, columns]`.
  package var images: Node
  /// The patches that are hidden; none when nil.
  package var mask: TokenMask?
  /// The levels (from 1) whose output is wanted, without the final norm; nil is the end, after it.
  package var taps: [Int?]
  /// Whether the attention of the class token in the last block is wanted.
  package var wantsAttention: Bool

  /// Images of which the output is wanted, or what `taps` says.
  package init(
    _ images: Node, mask: TokenMask? = nil, taps: [Int?] = [nil], wantsAttention: Bool = false
  ) {
    self.images = images
    self.mask = mask
    self.taps = taps
    self.wantsAttention = wantsAttention
  }

  /// Extents of an image.
  package var shape: InputShape {
    InputShape(channels: images.shape[1], rows: images.shape[2], columns: images.shape[3])
  }

  /// The last block that has to run: the deepest tap, or `depth` for the output or its attention.
  func lastLevel(of depth: Int) -> Int {
    wantsAttention ? depth : taps.map { $0 ?? depth }.max() ?? depth
  }
}

/// Which patches of images an encoder does not see.
package enum TokenMask: Sendable {
  /// The ways to hide a patch.
  package enum Kind: String, Sendable, CaseIterable {
    case drop
    case replace
  }

  /// Only some patches become tokens: their raster indices, `[batch × count]`, in the order of the tokens.
  ///
  /// Hidden patches are never read (MAE).
  case drop(visible: [Int32])
  /// Hidden patches are replaced by a learned vector of the encoder's width before positions are added (BEiT, SimMIM).
  ///
  /// `isHidden` has an entry a patch in raster order, `[batch × patches]`.
  case replace(isHidden: [Bool], by: Parameter)

  /// Which of the ways it is.
  package var kind: Kind {
    switch self {
    case .drop: .drop
    case .replace: .replace
    }
  }

  /// The patches that become tokens; all when nil.
  var visible: [Int32]? {
    guard case .drop(let visible) = self else { return nil }
    return visible
  }
}
