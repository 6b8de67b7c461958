import Encoders
import Support
import Tensors
import Vision

extension CheckpointFolder {
  /// The content of `config.json`: what timm needs to build the same network, and our own section.
  static func config(
    of encoder: VisionTransformer, preprocessing: Preprocessing, classifier: ClassifierHead?
  ) -> JSON {
    let c = encoder.configuration
    let pooling: JSON = c.hasClassToken && classifier?.pooling != .mean ? "token" : "avg"
    let classes = classifier?.classes ?? 0
    var arguments = c.isTimmBEiT ? beitArguments(c) : transformerArguments(c)
    arguments["num_classes"] = .integer(classes)
    arguments["global_pool"] = pooling
    if !c.isTimmBEiT {
      // Without this, timm moves the final norm behind the pooling.
      arguments["fc_norm"] = .bool(classifier?.norm != nil)
      arguments["final_norm"] = .bool(c.hasFinalNorm || classifier?.norm != nil)
    }
    let model = TimmModel(
      architecture: architecture(c), arguments: arguments, features: c.width, pooling: pooling,
      classes: classes, channels: c.channels)
    return model.json(preprocessing, name: encoder.name, encoder: c.json)
  }

  /// The content of `config.json` of a residual network.
  ///
  /// timm has them with ImageNet's stem of 64 channels; others bear a name that it does not know.
  static func config(
    of c: ResNetConfiguration, name: String, preprocessing: Preprocessing, classes: Int
  ) -> JSON {
    let isKnown = c.stem == .imageNet && c.stemWidth == 64
    let known = c.block == .basic ? "resnet18" : "resnet50"
    var arguments: [String: JSON] = [
      "layers": .array(c.depths.map { .integer($0) }),
      "channels": .array(c.widths.map { .integer($0) }), "num_classes": .integer(classes),
    ]
    if c.channels != 3 { arguments["in_chans"] = .integer(c.channels) }
    let model = TimmModel(
      architecture: isKnown ? known : "unmask_resnet\(c.layers)", arguments: arguments,
      features: c.width, pooling: "avg", classes: classes, channels: c.channels)
    return model.json(preprocessing, name: name, encoder: c.json)
  }

  /// A timm architecture whose code can build the network; its extents are all overridden.
  private static func architecture(_ c: VisionTransformerConfiguration) -> String {
    if c.isTimmBEiT { return "beit_base_patch16_224" }
    // Only these are built with the gated MLP, or norms of epsilon 1e-5, which an argument in JSON
    // cannot ask for.
    if c.mlp == .swiGLU { return "vit_giant_patch14_dinov2" }
    return c.normEpsilon == 1e-5 ? "vit_base_patch16_clip_224" : "vit_base_patch16_224"
  }

  /// What timm's `Beit` and `VisionTransformer` both want to know.
  private static func extents(_ c: VisionTransformerConfiguration) -> [String: JSON] {
    let hidden = c.mlp == .swiGLU ? 2 * c.mlpWidth : c.mlpWidth
    return [
      "img_size": .integer(c.side), "patch_size": .integer(c.patch),
      "in_chans": .integer(c.channels), "embed_dim": .integer(c.width),
      "depth": .integer(c.depth), "num_heads": .integer(c.heads),
      "mlp_ratio": .number(Double(hidden) / Double(c.width)),
      "qkv_bias": .bool(c.hasQKVBias),
    ]
  }

  private static func beitArguments(_ c: VisionTransformerConfiguration) -> [String: JSON] {
    var arguments = extents(c)
    arguments["use_abs_pos_emb"] = .bool(c.positions != .none)
    arguments["use_rel_pos_bias"] = .bool(c.relativePositions == .perBlock)
    arguments["use_shared_rel_pos_bias"] = .bool(c.relativePositions == .shared)
    arguments["init_values"] = c.hasLayerScale ? 0.1 : .null
    arguments["use_fc_norm"] = .bool(!c.hasFinalNorm)
    return arguments
  }

  private static func transformerArguments(
    _ c: VisionTransformerConfiguration
  ) -> [String: JSON] {
    var arguments = extents(c)
    arguments["class_token"] = .bool(c.hasClassToken)
    if c.registerTokens > 0 { arguments["reg_tokens"] = .integer(c.registerTokens) }
    if !c.positionsCoverPrefix || c.registerTokens > 0 { arguments["no_embed_class"] = true }
    if c.positions == .none { arguments["pos_embed"] = "none" }
    if c.hasPreNorm || c.normEpsilon == 1e-5 { arguments["pre_norm"] = .bool(c.hasPreNorm) }
    if c.mlp == .swiGLU || c.hasLayerScale {
      arguments["init_values"] = c.hasLayerScale ? 1e-5 : .null
    }
    switch c.activation {
    case .gelu: break
    case .geluTanh: arguments["act_layer"] = "gelu_tanh"
    case .quickGELU: arguments["act_layer"] = "quick_gelu"
    case .silu: arguments["act_layer"] = "silu"
    case .relu: arguments["act_layer"] = "relu"
    }
    return arguments
  }
}

/// What timm's `create_model` needs to build a network.
private struct TimmModel {
  let architecture: String
  let arguments: [String: JSON]
  let features: Int
  let pooling: JSON
  let classes: Int
  let channels: Int

  /// The whole file, with our own section.
  func json(_ preprocessing: Preprocessing, name: String, encoder: JSON) -> JSON {
    [
      "architecture": .string(architecture),
      "num_classes": .integer(classes),
      "num_features": .integer(features),
      "global_pool": pooling,
      "model_args": .object(arguments),
      "pretrained_cfg": [
        "input_size": [
          .integer(channels), .integer(preprocessing.side), .integer(preprocessing.side),
        ],
        "crop_pct": .number(preprocessing.timmRatio),
        "crop_mode": .string(preprocessing.timmMode),
        "mean": .array(preprocessing.statistics.mean.map { .number(decimal($0)) }),
        "std": .array(preprocessing.statistics.deviation.map { .number(decimal($0)) }),
        "interpolation": .string(preprocessing.interpolation.rawValue),
        "num_classes": .integer(classes),
      ],
      "unmask": [
        "name": .string(name), "encoder": encoder, "preprocessing": preprocessing.json,
      ],
    ]
  }

  /// The float as people write it: 0.485, not 0.48500001430511475.
  private func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}

extension VisionTransformerConfiguration {
  /// Whether timm builds it as `Beit` and not as `VisionTransformer`.
  var isTimmBEiT: Bool { relativePositions != .none }
}

extension VisionTransformer {
  /// The parameters by the names of timm's `Beit`.
  ///
  /// - Parameter hasClassifierNorm: whether a norm behind the pooling comes with the classifier.
  /// - Returns: names and tensors.
  func beitWeights(hasClassifierNorm: Bool) -> [(name: String, tensor: Tensor)] {
    var weights = parameters.parameters.flatMap { parameter in
      let values = unsafe UnsafeBufferPointer(start: parameter.data, count: parameter.count)
      return unsafe beitWeights(parameter.name, parameter.shape, Array(values))
    }
    if !configuration.hasFinalNorm, !hasClassifierNorm {
      // timm's Beit has a norm in either place; behind the pooling no token sees it.
      let ones = [Float](repeating: 1, count: width)
      weights += [("fc_norm.weight", Tensor([width], ones)), ("fc_norm.bias", Tensor([width]))]
    }
    return weights
  }

  /// One parameter by BEiT's names: `gamma_1`, and biases of queries and values without keys'.
  private func beitWeights(
    _ name: String, _ shape: [Int], _ values: [Float]
  ) -> [(name: String, tensor: Tensor)] {
    for (ours, theirs) in [("ls1.gamma", "gamma_1"), ("ls2.gamma", "gamma_2")]
    where name.hasSuffix(ours) {
      return [(String(name.dropLast(ours.count)) + theirs, Tensor(shape, values))]
    }
    let suffix = "attn.qkv.bias"
    guard name.hasSuffix(suffix), values[width..<2 * width].allSatisfy({ $0 == 0 }) else {
      return [(name, Tensor(shape, values))]
    }
    let start = name.dropLast("qkv.bias".count)
    return [
      (start + "q_bias", Tensor([width], Array(values[..<width]))),
      (start + "v_bias", Tensor([width], Array(values[(2 * width)...]))),
    ]
  }
}

extension ClassifierHead {
  /// Whether timm has a classifier that reads the same: the class token, or a mean.
  var isTimm: Bool { pooling == .classToken || pooling == .mean }

  /// The classifier's tensors by timm's names; a missing bias is written as zeros, as timm needs one.
  var timmWeights: [(name: String, tensor: Tensor)] {
    var weights = [("head.weight", weight), ("head.bias", bias ?? Tensor([classes]))]
    if let norm { weights += [("fc_norm.weight", norm.gain), ("fc_norm.bias", norm.bias)] }
    return weights.map { (name: $0.0, tensor: $0.1) }
  }
}
