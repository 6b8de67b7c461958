import Support
import Tensors

/// A vision transformer with timm's parameter names and layout.
///
/// Dosovitskiy et al. 2021.
package final class VisionTransformer: Encoder {
  package let name: String
  package let configuration: VisionTransformerConfiguration
  package let parameters = ParameterStore()

  private let patchEmbedding: (weight: Parameter, bias: Parameter?)
  private let classToken: Parameter?
  private let registers: Parameter?
  private let positions: Parameter?
  private let preNorm: NormParameters?
  private let blocks: [TransformerBlock]
  private let relativePositions: RelativePositionBias?
  private let norm: NormParameters?
  private let rotations: Tensor?

  /// Declares the parameters; all are zero until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - configuration: the architecture.
  ///   - name: `vit-tiny/4@32`.
  /// - Throws: `InputError` when extents do not fit each other.
  package init(_ configuration: VisionTransformerConfiguration, name: String) throws {
    try configuration.validate(as: name)
    let c = configuration
    self.configuration = c
    self.name = name
    let store = parameters
    classToken = c.hasClassToken ? store.add("cls_token", [1, 1, c.width]) : nil
    registers = c.registerTokens > 0 ? store.add("reg_token", [1, c.registerTokens, c.width]) : nil
    let covered = c.positionsCoverPrefix && c.hasClassToken ? 1 : 0
    positions =
      c.positions == .none
      ? nil
      : store.add(
        "pos_embed", [1, covered + c.patchCount, c.width], isTrainable: c.positions == .learned)
    patchEmbedding = (
      store.add("patch_embed.proj.weight", [c.width, c.channels, c.patch, c.patch]),
      c.hasPatchBias ? store.add("patch_embed.proj.bias", [c.width]) : nil
    )
    preNorm = c.hasPreNorm ? NormParameters(store, "norm_pre", c.width) : nil
    relativePositions = RelativePositionBias(c, in: store)
    blocks = (0..<c.depth).map {
      TransformerBlock(c.blockShape, prefix: "blocks.\($0)", in: store)
    }
    norm = c.hasFinalNorm ? NormParameters(store, "norm", c.width) : nil
    rotations = c.rotary?.table(grid: c.grid)
  }

  package var width: Int { configuration.width }
  package var side: Int { configuration.side }
  package var depth: Int { configuration.depth }
  package var classTokens: Int { configuration.hasClassToken ? 1 : 0 }
  package var registerTokens: Int { configuration.registerTokens }
  package var channels: Int { configuration.channels }
  package var patchGrid: (rows: Int, columns: Int) { (configuration.grid, configuration.grid) }

  package func tokens(of images: Node, in graph: Graph, layer: Int?) -> Node {
    tokens(of: images, visible: nil, in: graph, layer: layer)
  }

  /// The tokens of images of which only some patches are seen.
  ///
  /// - Parameters:
  ///   - images: float32 `[batch, channels, side, side]`.
  ///   - visible: raster indices of the patches that are seen, `[batch × count]`, in the order in
  ///     which they become tokens; all when nil. Hidden patches are never read.
  ///   - graph: the computation.
  ///   - layer: the block (from 1) whose output is read without the final norm; nil reads the end.
  /// - Returns: float32 `[batch, prefix + count, width]`.
  package func tokens(of images: Node, visible: [Int32]?, in graph: Graph, layer: Int? = nil)
    -> Node
  {
    precondition(
      visible == nil || relativePositions == nil, "relative positions need every patch")
    var x = embedded(images, visible: visible, in: graph)
    if let preNorm { x = preNorm(x, graph, configuration.normEpsilon, output: .float32) }
    let rotation = rotations.map {
      Rotation(table: $0, prefix: configuration.prefixTokens, order: visible)
    }
    let shared = configuration.relativePositions == .shared
    var bias = shared ? relativePositions?.bias(block: 0, in: graph) : nil
    for (index, block) in blocks.enumerated() {
      if !shared { bias = relativePositions?.bias(block: index, in: graph) }
      x = block(x, in: graph, bias: bias, rotation: rotation)
      if layer == index + 1 { return x }
    }
    return norm.map { $0(x, graph, configuration.normEpsilon, output: .float32) } ?? x
  }

  /// Patches, positions, then class and register tokens.
  private func embedded(_ images: Node, visible: [Int32]?, in graph: Graph) -> Node {
    let batch = images.shape[0]
    let patches = graph.linear(
      graph.patches(images, patch: configuration.patch, order: visible),
      weight: patchEmbedding.weight, bias: patchEmbedding.bias, output: .float32)
    let plan = tokenPlan(batch: batch, count: patches.shape[1], visible: visible)
    let learned = [classToken, registers].compactMap { $0 }
    return graph.tokens(patches, learned: learned, positions: positions, plan: plan)
  }

  /// Class token, registers, patches; registers and an uncovered class token get no position.
  private func tokenPlan(batch: Int, count: Int, visible: [Int32]?) -> TokenPlan {
    let covered = configuration.positionsCoverPrefix && configuration.hasClassToken
    let registers = configuration.registerTokens
    let tokens = configuration.prefixTokens + count
    var sources: [Int32] = []
    var places: [Int32] = []
    sources.reserveCapacity(batch * tokens)
    places.reserveCapacity(batch * tokens)
    for image in 0..<batch {
      if configuration.hasClassToken {
        sources.append(TokenPlan.learned(0))
        places.append(covered ? 0 : TokenPlan.noPosition)
      }
      let group = configuration.hasClassToken ? 1 : 0
      for row in 0..<registers {
        sources.append(TokenPlan.learned(group, row: row))
        places.append(TokenPlan.noPosition)
      }
      for patch in 0..<count {
        let index = visible?[image * count + patch] ?? Int32(patch)
        sources.append(Int32(patch))
        places.append(index + (covered ? 1 : 0))
      }
    }
    return TokenPlan(sources: sources, positions: places, tokens: tokens)
  }
}

extension VisionTransformerConfiguration {
  /// What each block is built from.
  var blockShape: TransformerBlock.Shape {
    var shape = TransformerBlock.Shape(width: width, heads: heads, mlpWidth: mlpWidth)
    shape.hasQKVBias = hasQKVBias
    shape.hasLayerScale = hasLayerScale
    shape.normEpsilon = normEpsilon
    shape.activation = activation
    shape.mlp = mlp
    return shape
  }
}
