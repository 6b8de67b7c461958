import Support
import Tensors

/// A residual network with timm's parameter names (and torchvision's, which are the same).
///
/// He et al. 2016, with the stride of v1.5. A level is a stage; the tokens of a stage are its places in raster order,
/// there is no class token. Where the network is not trained, batch norms are folded into the convolutions
/// before them as it runs, which changes nothing beyond rounding.
package final class ResNet: EncoderFamily {
  package let name: String
  package let configuration: ResNetConfiguration
  package let levels: [FeatureLevel]
  package let parameters = ParameterStore()

  private let stem: NormalizedConvolution
  private let stages: [[ResidualBlock]]

  /// Declares the parameters; all are zero until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - configuration: the architecture.
  ///   - name: `resnet50@224`.
  /// - Throws: `InputError` when extents do not fit each other.
  package convenience init(_ configuration: ResNetConfiguration, name: String) throws {
    try configuration.validate(as: name)
    self.init(valid: configuration, name: name)
  }

  package convenience init(named name: String) throws {
    self.init(valid: try ResNetConfiguration(named: name), name: name)
  }

  private init(valid c: ResNetConfiguration, name: String) {
    configuration = c
    self.name = name
    levels = c.widths.indices.map { stage in
      FeatureLevel(
        name: "layer\(stage + 1)", stride: c.stageStrides[stage], channels: c.stageWidths[stage])
    }
    let store = parameters
    stem = NormalizedConvolution(
      store, "conv1", norm: "bn1", from: c.channels, to: c.stemWidth,
      kernel: c.stem == .imageNet ? 7 : 3, stride: c.stem == .imageNet ? 2 : 1)
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

  package static var architectures: [(name: String, summary: String)] {
    ResNetConfiguration.architectures
  }

  package var input: InputShape {
    InputShape(channels: configuration.channels, side: configuration.side)
  }
  package var classTokens: Int { 0 }
  package var registerTokens: Int { 0 }
  package var attentionHeads: Int? { nil }
  /// Convolutions see every pixel.
  package var masks: Set<TokenMask.Kind> { [] }
  package var layerCount: Int { 1 + configuration.depths.reduce(0, +) }

  package func layer(of parameter: Parameter) -> Int {
    let parts = parameter.name.split(separator: ".")
    guard let first = parts.first, first.hasPrefix("layer"), parts.count > 1,
      let stage = Int(first.dropFirst("layer".count)), let block = Int(parts[1])
    else { return 0 }
    return 1 + configuration.depths.prefix(stage - 1).reduce(0, +) + block
  }

  /// The number of patches has no meaning here, for convolutions see every pixel.
  package func forwardFLOPs(patches: Int) -> Double {
    let c = configuration
    var sum = 0.0
    for parameter in parameters.parameters where parameter.shape.count == 4 {
      let parts = parameter.name.split(separator: ".")
      var side = c.stem == .imageNet ? (c.side + 1) / 2 : c.side
      if parts[0].hasPrefix("layer"), let stage = Int(parts[0].dropFirst("layer".count)) {
        // The convolutions before the stride of a stage's first block work on the grid of the stage before.
        let isBefore =
          c.block == .bottleneck && stage > 1 && parts[1] == "0" && parts[2] == "conv1"
        side = (c.side - 1) / c.stageStrides[isBefore ? stage - 2 : stage - 1] + 1
      }
      sum += 2 * Double(parameter.count * side * side)
    }
    return sum
  }

  package func copy() -> ResNet {
    let copy = ResNet(valid: configuration, name: name)
    copy.parameters.copyValues(from: parameters)
    return copy
  }

  package func check(_ shape: InputShape) throws {
    guard shape.channels == configuration.channels else {
      throw InputError(name, "takes \(configuration.channels) channels, not \(shape.channels)")
    }
    guard min(shape.rows, shape.columns) >= 8, max(shape.rows, shape.columns) <= 4096 else {
      throw InputError(
        name, "an input of \(shape.rows) × \(shape.columns) is not in 8…4096", "use for example 224"
      )
    }
  }

  /// - Precondition: no mask.
  package func encode(_ input: EncoderInput, in graph: Graph) -> EncoderOutput {
    precondition(input.mask == nil, "a ResNet takes no token masks")
    var x = stem(graph.channelsLast(input.images), in: graph)
    if configuration.stem == .imageNet { x = graph.maxPooled(x, kernel: 3, stride: 2, padding: 1) }
    var tapped: [Int: Node] = [:]
    for (index, stage) in stages.prefix(input.lastLevel(of: depth)).enumerated() {
      for block in stage { x = block(x, in: graph) }
      if input.taps.contains(where: { ($0 ?? depth) == index + 1 }) { tapped[index + 1] = x }
    }
    let features = input.taps.map { tap -> LevelFeatures in
      let map = tapped[tap ?? depth] ?? x
      return LevelFeatures(
        sequence: map.reshaped([map.shape[0], map.shape[1] * map.shape[2], map.shape[3]]),
        prefixTokens: 0, grid: (map.shape[1], map.shape[2]))
    }
    return EncoderOutput(features: features, attention: nil)
  }

  /// Draws fresh weights as torchvision does: normal(√(2 / fan-out)), norms 1 and 0.
  package func initialize(seed: UInt64) {
    for parameter in parameters.parameters {
      Self.initialization(of: parameter).fill(parameter, seed: seed)
    }
  }

  private static func initialization(of parameter: Parameter) -> Initialization {
    let (name, shape) = (parameter.name, parameter.shape)
    if shape.count == 4 { return .heNormal(fanOut: shape[0] * shape[2] * shape[3]) }
    return .constant(name.hasSuffix(".weight") || name.hasSuffix(".running_var") ? 1 : 0)
  }
}

/// A convolution without bias and the batch norm after it.
struct NormalizedConvolution: Sendable {
  /// Extents: `[out, in, kernel, kernel]`.
  private let weight: Parameter
  private let norm: BatchNormParameters
  private let options: ConvolutionOptions

  init(
    _ store: ParameterStore, _ name: String, norm normName: String, from inputs: Int,
    to outputs: Int, kernel: Int, stride: Int
  ) {
    weight = store.add("\(name).weight", [outputs, inputs, kernel, kernel])
    norm = BatchNormParameters(store, normName, outputs)
    options = ConvolutionOptions(stride: stride, padding: kernel / 2)
  }

  /// The normalised convolution of channels-last maps, plus a residual, and rectified unless that is switched off.
  func callAsFunction(
    _ x: Node, in graph: Graph, residual: Node? = nil, rectified: Bool = true
  ) -> Node {
    graph.convolution(
      x, weight: weight, norm: norm, options: options, residual: residual, rectified: rectified)
  }
}

/// A basic or bottleneck block with its shortcut.
struct ResidualBlock: Sendable {
  private let convolutions: [NormalizedConvolution]
  private let projection: NormalizedConvolution?
  private let stride: Int
  private let outputs: Int

  init(
    _ configuration: ResNetConfiguration, from inputs: Int, inner: Int, stride: Int,
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
      NormalizedConvolution(
        store, "\(prefix).conv\(index + 1)", norm: "\(prefix).bn\(index + 1)", from: shape.from,
        to: shape.to, kernel: shape.kernel, stride: shape.stride)
    }
    let changes = stride != 1 || inputs != outputs
    projection =
      changes && configuration.shortcut == .projection
      ? NormalizedConvolution(
        store, "\(prefix).downsample.0", norm: "\(prefix).downsample.1", from: inputs, to: outputs,
        kernel: 1, stride: stride)
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
