import Support
import Tensors

/// A residual network whose batch norms are folded into its convolutions.
///
/// Its tokens are the places of the last stage in raster order; there is no class token. A layer is a stage.
/// Parameters carry timm's names of the convolutions, each with a bias: `layer1.0.conv1.weight`, ….
package final class ResidualNetwork: Encoder {
  package let name: String
  package let configuration: ResidualNetworkConfiguration
  package let parameters = ParameterStore()

  private let stem: ConvolutionParameters
  private let stages: [[ResidualBlock]]

  /// Declares the parameters; all are zero until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - configuration: the architecture.
  ///   - name: `resnet50@224`.
  /// - Throws: `InputError` when extents do not fit each other.
  package init(_ configuration: ResidualNetworkConfiguration, name: String) throws {
    try configuration.validate(as: name)
    let c = configuration
    self.configuration = c
    self.name = name
    let store = parameters
    stem = ConvolutionParameters(
      store, "conv1", from: c.channels, to: c.stemWidth, kernel: c.stem == .imageNet ? 7 : 3,
      stride: c.stem == .imageNet ? 2 : 1)
    var channels = c.stemWidth
    stages = c.widths.indices.map { stage in
      (0..<c.depths[stage]).map { index in
        defer { channels = c.stageWidths[stage] }
        return ResidualBlock(
          c, from: channels, inner: c.widths[stage], stride: stage > 0 && index == 0 ? 2 : 1,
          prefix: "layer\(stage + 1).\(index)", in: store)
      }
    }
  }

  package var width: Int { configuration.width }
  package var side: Int { configuration.side }
  package var channels: Int { configuration.channels }
  /// Number of stages.
  package var depth: Int { stages.count }
  package var classTokens: Int { 0 }
  package var registerTokens: Int { 0 }
  package var patchGrid: (rows: Int, columns: Int) {
    let side = configuration.stageSides.last ?? 1
    return (side, side)
  }

  package func tokens(of images: Node, in graph: Graph, layer: Int?) -> Node {
    let maps = featureMaps(of: images, in: graph, through: layer ?? depth)
    let map = maps[maps.count - 1]
    return map.reshaped([map.shape[0], map.shape[1] * map.shape[2], map.shape[3]])
  }

  /// The output of every stage, for dense tasks.
  ///
  /// - Parameters:
  ///   - images: float32 `[batch, channels, side, side]`, preprocessed.
  ///   - graph: the computation.
  ///   - last: the stage (from 1) after which to stop; all when nil.
  /// - Returns: float32 `[batch, rows, columns, channels]` at the strides of `stageStrides`.
  package func featureMaps(of images: Node, in graph: Graph, through last: Int? = nil) -> [Node] {
    var x = stem(graph.channelsLast(images), in: graph)
    if configuration.stem == .imageNet { x = graph.maxPooled(x, kernel: 3, stride: 2, padding: 1) }
    return stages.prefix(last ?? depth).map { stage in
      for block in stage { x = block(x, in: graph) }
      return x
    }
  }

  /// Draws fresh weights: normal(√(2 / fan-out)), biases 0, as if every batch norm were the identity.
  package func initialize(seed: UInt64) {
    for parameter in parameters.parameters {
      guard parameter.shape.count == 4 else { continue }
      let fanOut = parameter.shape[0] * parameter.shape[2] * parameter.shape[3]
      Initialization.heNormal(fanOut: fanOut).fill(parameter, seed: seed)
    }
  }
}

/// The weights of a convolution with its batch norm folded in.
struct ConvolutionParameters: Sendable {
  /// Extents: `[out, in, kernel, kernel]`.
  let weight: Parameter
  /// Extents: `[out]`.
  let bias: Parameter
  private let motion: WindowMotion

  init(
    _ store: ParameterStore, _ name: String, from inputs: Int, to outputs: Int, kernel: Int,
    stride: Int
  ) {
    weight = store.add("\(name).weight", [outputs, inputs, kernel, kernel])
    bias = store.add("\(name).bias", [outputs])
    motion = WindowMotion(stride: stride, padding: kernel / 2)
  }

  /// The convolution of channels-last maps, plus a residual, and rectified unless that is switched off.
  func callAsFunction(
    _ x: Node, in graph: Graph, residual: Node? = nil, rectified: Bool = true
  ) -> Node {
    graph.convolution(
      x, weight: weight, bias: bias, motion: motion, residual: residual, rectified: rectified,
      output: .float32)
  }
}

/// A basic or bottleneck block with its shortcut.
struct ResidualBlock: Sendable {
  private let convolutions: [ConvolutionParameters]
  private let projection: ConvolutionParameters?
  private let stride: Int
  private let outputs: Int

  init(
    _ configuration: ResidualNetworkConfiguration, from inputs: Int, inner: Int, stride: Int,
    prefix: String, in store: ParameterStore
  ) {
    outputs = inner * configuration.expansion
    self.stride = stride
    let shapes: [(from: Int, to: Int, kernel: Int, stride: Int)]
    switch configuration.block {
    case .basic: shapes = [(inputs, inner, 3, stride), (inner, inner, 3, 1)]
    case .bottleneck:
      shapes = [(inputs, inner, 1, 1), (inner, inner, 3, stride), (inner, outputs, 1, 1)]
    }
    convolutions = shapes.enumerated().map { index, shape in
      ConvolutionParameters(
        store, "\(prefix).conv\(index + 1)", from: shape.from, to: shape.to, kernel: shape.kernel,
        stride: shape.stride)
    }
    let changes = stride != 1 || inputs != outputs
    projection =
      changes && configuration.shortcut == .projection
      ? ConvolutionParameters(
        store, "\(prefix).downsample.0", from: inputs, to: outputs, kernel: 1, stride: stride)
      : nil
  }

  /// `max(F(x) + shortcut(x), 0)`, channels last.
  func callAsFunction(_ x: Node, in graph: Graph) -> Node {
    var y = x
    for convolution in convolutions.dropLast() { y = convolution(y, in: graph) }
    let shortcut =
      projection.map { $0(x, in: graph, rectified: false) } ?? padded(x, in: graph)
    return convolutions[convolutions.count - 1](y, in: graph, residual: shortcut)
  }

  /// Option A: every `stride`-th pixel, zeros for the channels that are new, half of them in front.
  private func padded(_ x: Node, in graph: Graph) -> Node {
    let channels = x.shape[3]
    guard stride != 1 || channels != outputs else { return x }
    return graph.subsampled(
      x, stride: stride, channels: outputs, front: (outputs - channels) / 2)
  }
}
