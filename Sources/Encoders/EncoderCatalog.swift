import Foundation
import Support
import Tensors

/// Encoder names: architecture / patch @ input side, as in `vit-tiny/4@32` or `resnet50@224`.
package enum EncoderCatalog {
  /// Width, depth and heads of the named sizes.
  ///
  /// Dosovitskiy et al. 2021; tiny and small: Touvron et al. 2021.
  private static let sizes: [(name: String, width: Int, depth: Int, heads: Int)] = [
    ("vit-tiny", 192, 12, 3),
    ("vit-small", 384, 12, 6),
    ("vit-base", 768, 12, 12),
    ("vit-large", 1024, 24, 16),
    ("vit-huge", 1280, 32, 16),
  ]

  /// The architectures that can be named, with what they are.
  package static var architectures: [(name: String, summary: String)] {
    sizes.map { ($0.name, "ViT, width \($0.width), \($0.depth) blocks, \($0.heads) heads") }
      + residualNetworks
  }

  /// The configuration behind a ViT's name.
  ///
  /// - Parameter name: `vit-SIZE/PATCH@SIDE`.
  /// - Returns: the configuration; positions are the fixed sine-cosine table, as in MAE.
  /// - Throws: `InputError` when the name is malformed, or patch and side do not fit.
  package static func visionTransformer(named name: String) throws -> VisionTransformerConfiguration
  {
    let example = "write for example vit-tiny/4@32"
    let halves = name.split(separator: "@", omittingEmptySubsequences: false)
    let front = halves[0].split(separator: "/", omittingEmptySubsequences: false)
    guard let size = sizes.first(where: { $0.name == front[0] }) else {
      let close = nearest(String(front[0]), among: sizes.map(\.name))
      throw InputError(
        name, "there is no encoder '\(front[0])'", close.map { "did you mean \($0)?" } ?? example)
    }
    guard halves.count == 2, let side = Int(halves[1]), side > 0, side <= 4096 else {
      throw InputError(name, "the input side after '@' is missing or not a number", example)
    }
    guard front.count == 2, let patch = Int(front[1]), patch > 0 else {
      throw InputError(name, "the patch side after '/' is missing or not a number", example)
    }
    var configuration = VisionTransformerConfiguration(
      width: size.width, depth: size.depth, heads: size.heads, patch: patch, side: side)
    configuration.positions = .sinCos
    try configuration.validate(as: name)
    guard configuration.patchCount <= 1 << 16 else {
      throw InputError(
        name, "\(configuration.patchCount) patches are too many", "use a larger patch")
    }
    return configuration
  }

  /// Refuses a name that names no encoder.
  /// - Throws: `InputError` with the nearest name.
  package static func validate(_ name: String) throws {
    if name.hasPrefix("resnet") {
      _ = try residualNetwork(named: name)
    } else {
      _ = try visionTransformer(named: name)
    }
  }

  /// An untrained encoder, initialised as MAE initialises it, a ResNet as torchvision does.
  ///
  /// - Parameters:
  ///   - name: an encoder name.
  ///   - seed: fixes the weights.
  /// - Returns: the encoder.
  /// - Throws: `InputError` when the name names nothing.
  package static func make(_ name: String, seed: UInt64) throws -> any Encoder {
    if name.hasPrefix("resnet") {
      let encoder = try ResidualNetwork(residualNetwork(named: name), name: name)
      encoder.initialize(seed: seed)
      return encoder
    }
    let encoder = try VisionTransformer(visionTransformer(named: name), name: name)
    encoder.initialize(seed: seed)
    return encoder
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
      width: configuration.width, grid: configuration.grid,
      prefix: table.shape[1] - configuration.patchCount)
    table.data.update(from: values, count: values.count)
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
