import Support
import Tensors

/// A vision transformer with timm's parameter names and layout.
///
/// Dosovitskiy et al. 2021.
package final class VisionTransformer: EncoderFamily {
  package let name: String
  package let configuration: VisionTransformerConfiguration
  package let levels: [FeatureLevel]
  package let parameters = ParameterStore()

  private let patchEmbedding: (weight: Parameter, bias: Parameter?)
  private let classToken: Parameter?
  private let registers: Parameter?
  private let positions: Parameter?
  private let preNorm: NormParameters?
  private let blocks: [TransformerBlock]
  private let relativePositions: RelativePositionBias?
  private let norm: NormParameters?
  /// Positions and rotations of input sides that were seen.
  private let tables = PositionTables()

  /// Declares the parameters; all are zero until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - configuration: the architecture.
  ///   - name: `vit-tiny/4@32`.
  /// - Throws: `InputError` when extents do not fit each other.
  package convenience init(_ configuration: VisionTransformerConfiguration, name: String) throws {
    try configuration.validate(as: name)
    self.init(valid: configuration, name: name)
  }

  package convenience init(named name: String) throws {
    self.init(valid: try VisionTransformerConfiguration(named: name), name: name)
  }

  private init(valid c: VisionTransformerConfiguration, name: String) {
    configuration = c
    self.name = name
    levels = (0..<c.depth).map {
      FeatureLevel(name: "blocks.\($0)", stride: c.patch, channels: c.width)
    }
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
  }

  package static var architectures: [(name: String, summary: String)] {
    VisionTransformerConfiguration.sizes.map { size in
      (size.name, "ViT, width \(size.width), \(size.depth) blocks, \(size.heads) heads")
    }
  }

  package var input: InputShape {
    InputShape(channels: configuration.channels, side: configuration.side)
  }
  package var classTokens: Int { configuration.hasClassToken ? 1 : 0 }
  package var registerTokens: Int { configuration.registerTokens }
  package var attentionHeads: Int? { configuration.heads }
  /// Relative positions need every patch.
  package var masks: Set<TokenMask.Kind> {
    relativePositions == nil ? [.drop, .replace] : [.replace]
  }
  package var layerCount: Int { configuration.depth + 1 }

  package func layer(of parameter: Parameter) -> Int {
    let parts = parameter.name.split(separator: ".")
    switch parts.first {
    case "blocks": return 1 + (parts.dropFirst().first.flatMap { Int($0) } ?? 0)
    case "norm": return configuration.depth
    default: return 0
    }
  }

  package func forwardFLOPs(patches: Int) -> Double {
    configuration.forwardFLOPs(patches: patches)
  }

  package func copy() -> VisionTransformer {
    let copy = VisionTransformer(valid: configuration, name: name)
    copy.parameters.copyValues(from: parameters)
    return copy
  }

  package func check(_ shape: InputShape) throws {
    let (size, c) = ("\(shape.rows) × \(shape.columns)", configuration)
    guard shape.channels == c.channels else {
      throw InputError(name, "takes \(c.channels) channels, not \(shape.channels)")
    }
    guard shape.rows > 0, shape.columns > 0, shape.rows % c.patch == 0, shape.columns % c.patch == 0
    else {
      throw InputError(
        name, "patch \(c.patch) does not divide an input of \(size)",
        "use extents that are multiples of \(c.patch)")
    }
    guard shape.rows / c.patch * (shape.columns / c.patch) <= 1 << 16 else {
      throw InputError(name, "an input of \(size) has too many patches", "use a smaller one")
    }
    guard relativePositions == nil || shape == input else {
      throw InputError(
        name, "has relative positions of \(c.side) × \(c.side) pixels, which \(size) does not fit",
        "use \(c.side) × \(c.side)")
    }
  }

  /// - Precondition: a mask of a kind in `masks`.
  package func encode(_ input: EncoderInput, in graph: Graph) -> EncoderOutput {
    let (grid, visible) = (levels[0].grid(of: input.shape), input.mask?.visible)
    precondition(
      (input.mask.map { masks.contains($0.kind) } ?? true)
        && (relativePositions == nil || input.shape == self.input),
      "relative positions need every patch of the input that they were made for")
    var x = embedded(input, grid, in: graph)
    if let preNorm { x = preNorm(x, graph, configuration.normEpsilon, output: .float32) }
    let rotation = configuration.rotary.map { rotary in
      Rotation(
        table: tables.table("rotary", grid) {
          rotary.table(rows: grid.rows, columns: grid.columns)
        },
        prefix: configuration.prefixTokens, order: visible)
    }
    let shared = configuration.relativePositions == .shared
    var bias = shared ? relativePositions?.bias(block: 0, in: graph) : nil
    var tapped: [Int?: Node] = [:]
    var attention: Node?
    for (index, block) in blocks.prefix(input.lastLevel(of: depth)).enumerated() {
      if !shared { bias = relativePositions?.bias(block: index, in: graph) }
      x = block(x, in: graph, bias: bias, rotation: rotation) { qkv in
        guard input.wantsAttention, classTokens > 0, index == depth - 1 else { return }
        attention = graph.attentionWeights(qkv, heads: configuration.heads, query: 0, bias: bias)
      }
      if input.taps.contains(index + 1) { tapped[index + 1] = x }
    }
    if input.taps.contains(nil) {
      tapped[nil] = norm.map { $0(x, graph, configuration.normEpsilon, output: .float32) } ?? x
    }
    let features = input.taps.map { tap in
      LevelFeatures(
        sequence: tapped[tap] ?? x, prefixTokens: configuration.prefixTokens, grid: grid)
    }
    return EncoderOutput(features: features, attention: attention)
  }

  /// Patches, positions, then class and register tokens.
  private func embedded(
    _ input: EncoderInput, _ grid: (rows: Int, columns: Int), in graph: Graph
  ) -> Node {
    let visible = input.mask?.visible
    let patches = graph.linear(
      graph.patches(input.images, patch: configuration.patch, order: visible),
      weight: patchEmbedding.weight, bias: patchEmbedding.bias, output: .float32)
    var (learned, isHidden) = ([classToken, registers].compactMap { $0 }, [Bool]?.none)
    if case .replace(let hidden, by: let vector) = input.mask {
      precondition(hidden.count == patches.rows, "\(hidden.count) flags for \(patches.shape)")
      learned.append(vector)
      isHidden = hidden
    }
    let plan = tokenPlan(
      batch: patches.shape[0], count: patches.shape[1], visible: visible, isHidden: isHidden,
      replacement: learned.count - 1)
    if grid == (configuration.grid, configuration.grid) {
      return graph.tokens(patches, learned: learned, positions: positions, plan: plan)
    }
    return graph.tokens(
      patches, learned: learned, positions: resampledPositions(grid, in: graph), plan: plan)
  }

  /// The position table of another grid: computed where it is a formula, else resampled as timm does.
  private func resampledPositions(_ grid: (rows: Int, columns: Int), in graph: Graph) -> Node? {
    guard let positions else { return nil }
    let (c, covered) = (configuration, positions.shape[1] - configuration.patchCount)
    let count = grid.rows * grid.columns
    guard c.positions == .learned else {
      let table = tables.table("sine-cosine", grid) {
        Tensor(
          [1, covered + count, c.width],
          sinCosPositions(
            width: c.width, rows: grid.rows, columns: grid.columns, prefix: covered))
      }
      return unsafe graph.constant(table.shape) {
        unsafe $0.update(from: table.data, count: table.count)
      }
    }
    let own = graph.rows((0..<c.patchCount).map { Int32(covered + $0) }, of: positions)
    let resized = graph.resized(
      own.reshaped([1, c.grid, c.grid, c.width]), height: grid.rows, width: grid.columns, .bicubic,
      antialias: true)
    let sources = (0..<covered).map { TokenPlan.learned(0, row: $0) } + (0..<count).map(Int32.init)
    return graph.tokens(
      resized.reshaped([1, count, c.width]), learned: [positions], positions: Parameter?.none,
      plan: TokenPlan(
        sources: sources, positions: sources.map { _ in TokenPlan.noPosition },
        tokens: sources.count))
  }

  /// Class token, registers, patches; registers and an uncovered class token get no position.
  private func tokenPlan(
    batch: Int, count: Int, visible: [Int32]?, isHidden: [Bool]?, replacement: Int
  ) -> TokenPlan {
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
        let isReplaced = isHidden?[image * count + patch] ?? false
        sources.append(isReplaced ? TokenPlan.learned(replacement) : Int32(patch))
        places.append(index + (covered ? 1 : 0))
      }
    }
    return TokenPlan(sources: sources, positions: places, tokens: tokens)
  }
}

extension VisionTransformer {
  /// Draws fresh weights as MAE does.
  ///
  /// Linear layers and the patch embedding Xavier-uniform, biases 0, norms 1 and 0, class and
  /// register tokens normal(0.02), positions the sine-cosine table or truncated normal(0.02)
  /// (He et al. 2022, official code).
  package func initialize(seed: UInt64) {
    for parameter in parameters.parameters {
      Self.initialization(of: parameter).fill(parameter, seed: seed)
    }
    guard configuration.positions == .sinCos, let table = parameters["pos_embed"] else { return }
    let values = sinCosPositions(
      width: configuration.width, rows: configuration.grid, columns: configuration.grid,
      prefix: table.shape[1] - configuration.patchCount)
    unsafe table.data.update(from: values, count: values.count)
  }

  /// How MAE draws a parameter of a transformer, by its name and shape.
  package static func initialization(of parameter: Parameter) -> Initialization {
    let name = parameter.name
    if name.hasSuffix("_token") { return .normal(0.02) }
    if name.hasSuffix("pos_embed") { return .truncatedNormal(0.02) }
    if name.hasSuffix("gamma") { return .constant(1e-5) }
    if name.hasSuffix("relative_position_bias_table") { return .constant(0) }
    guard parameter.shape.count > 1 else {
      return .constant(name.hasSuffix("weight") ? 1 : 0)
    }
    let outputs = parameter.shape[0]
    return .xavierUniform(fanIn: parameter.count / outputs, fanOut: outputs)
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
