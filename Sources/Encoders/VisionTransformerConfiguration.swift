import Support
import Tensors

/// Everything that fixes the shape and arithmetic of a vision transformer.
package struct VisionTransformerConfiguration: Sendable, Equatable {
  /// Where position embeddings come from.
  package enum Positions: String, Sendable, CaseIterable {
    /// A trained table.
    case learned
    /// A fixed sine-cosine table, stored but not trained.
    case sinCos
    /// None are added.
    case none
  }

  /// What follows the attention of a block.
  package enum MLP: String, Sendable, CaseIterable {
    /// Two linear layers with an activation between.
    case plain
    /// `(silu(x W₁) ⊙ x W₂) W₃`, as in DINOv2's giant.
    case swiGLU
  }

  /// A bias on attention scores that depends on the offset of two patches (BEiT).
  package enum RelativePositions: String, Sendable, CaseIterable {
    case none
    case shared
    case perBlock
  }

  package var width: Int
  package var depth: Int
  package var heads: Int
  /// Side of a patch, in pixels.
  package var patch: Int
  /// Side of the square input, in pixels.
  package var side: Int
  package var channels = 3
  package var hasClassToken = true
  package var registerTokens = 0
  /// Width of the MLP's hidden layer.
  package var mlpWidth: Int
  package var hasQKVBias = true
  package var normEpsilon: Float = 1e-6
  package var positions = Positions.learned
  /// Whether the first row of the position table belongs to the class token.
  package var positionsCoverPrefix = true
  package var hasLayerScale = false
  /// A norm before the first block (CLIP).
  package var hasPreNorm = false
  package var activation = Activation.gelu
  package var mlp = MLP.plain
  package var relativePositions = RelativePositions.none
  /// Rotations of queries and keys (DINOv3); none when nil.
  package var rotary: RotaryPositions?
  package var hasFinalNorm = true
  package var hasPatchBias = true

  /// A plain ViT; the MLP is four times as wide.
  package init(width: Int, depth: Int, heads: Int, patch: Int, side: Int) {
    self.width = width
    self.depth = depth
    self.heads = heads
    self.patch = patch
    self.side = side
    mlpWidth = 4 * width
  }

  /// Patches along a side.
  package var grid: Int { side / patch }
  /// Patches of an image.
  package var patchCount: Int { grid * grid }
  /// Class and register tokens.
  package var prefixTokens: Int { (hasClassToken ? 1 : 0) + registerTokens }

  /// Refuses extents that do not fit each other.
  ///
  /// - Parameter name: how the encoder is called in the message.
  /// - Throws: `InputError` when the patch does not divide the side, the heads the width, or periods
  ///   are not those of its heads.
  package func validate(as name: String) throws {
    guard width > 0, depth > 0, heads > 0, patch > 0, side > 0, mlpWidth > 0 else {
      throw InputError(name, "an extent is not positive", "use for example vit-tiny/4@32")
    }
    guard side % patch == 0 else {
      throw InputError(
        name, "patch \(patch) does not divide the input side \(side)",
        "use side \(max(1, (side + patch / 2) / patch) * patch)")
    }
    guard width % heads == 0 else {
      throw InputError(name, "\(heads) heads do not divide width \(width)", "change one of them")
    }
    guard let rotary else { return }
    guard rotary.headWidth * heads == width,
      rotary.periods.allSatisfy({ $0 > 0 && $0.isFinite })
    else {
      throw InputError(
        name, "\(rotary.periods.count) rotary periods do not fit heads of width \(width / heads)",
        "there is one, above zero, for every four features of a head")
    }
    guard grid <= 1 << 8 else {
      throw InputError(name, "\(grid) × \(grid) patches are too many", "use a smaller side")
    }
  }
}

extension VisionTransformerConfiguration {
  /// Width, depth and heads of the named sizes.
  ///
  /// Dosovitskiy et al. 2021; tiny and small: Touvron et al. 2021.
  static let sizes: [(name: String, width: Int, depth: Int, heads: Int)] = [
    ("vit-tiny", 192, 12, 3),
    ("vit-small", 384, 12, 6),
    ("vit-base", 768, 12, 12),
    ("vit-large", 1024, 24, 16),
    ("vit-huge", 1280, 32, 16),
  ]

  /// The configuration behind a name.
  ///
  /// - Parameter name: `vit-SIZE/PATCH@SIDE`.
  /// - Throws: `InputError` when the name is malformed, or patch and side do not fit.
  ///
  /// Positions are the fixed sine-cosine table, as in MAE.
  package init(named name: String) throws {
    let example = "write for example vit-tiny/4@32"
    let halves = name.split(separator: "@", omittingEmptySubsequences: false)
    let front = halves[0].split(separator: "/", omittingEmptySubsequences: false)
    guard let size = Self.sizes.first(where: { $0.name == front[0] }) else {
      let close = nearest(String(front[0]), among: Self.sizes.map(\.name))
      throw InputError(
        name, "there is no encoder '\(front[0])'", close.map { "did you mean \($0)?" } ?? example)
    }
    guard halves.count == 2, let side = Int(halves[1]), side > 0, side <= 4096 else {
      throw InputError(name, "the input side after '@' is missing or not a number", example)
    }
    guard front.count == 2, let patch = Int(front[1]), patch > 0 else {
      throw InputError(name, "the patch side after '/' is missing or not a number", example)
    }
    self.init(
      width: size.width, depth: size.depth, heads: size.heads, patch: patch, side: side)
    positions = .sinCos
    try validate(as: name)
    guard patchCount <= 1 << 16 else {
      throw InputError(name, "\(patchCount) patches are too many", "use a larger patch")
    }
  }
}

extension VisionTransformerConfiguration {
  /// Floating-point operations of the matrix products of a forward pass over one image.
  ///
  /// Two for each multiply-add; norms, activations and softmax are not counted, as is usual.
  /// - Parameter patches: how many patches are seen; the embedding and the blocks work on no others.
  /// - Returns: the number of operations.
  package func forwardFLOPs(patches: Int) -> Double {
    let embedding = 2 * Double(patches * channels * patch * patch * width)
    return embedding + Double(depth) * blockShape.forwardFLOPs(tokens: prefixTokens + patches)
  }
}
