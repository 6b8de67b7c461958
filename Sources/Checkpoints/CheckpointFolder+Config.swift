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
    let classes = JSON.integer(classifier?.classes ?? 0)
    var arguments = modelArguments(c)
    arguments["num_classes"] = classes
    arguments["global_pool"] = pooling
    // Without this, timm moves the final norm behind the pooling.
    arguments["fc_norm"] = .bool(classifier?.norm != nil)
    arguments["final_norm"] = .bool(c.hasFinalNorm)
    return [
      "architecture": .string(architecture(c)),
      "num_classes": classes,
      "num_features": .integer(c.width),
      "global_pool": pooling,
      "model_args": .object(arguments),
      "pretrained_cfg": pretrainedConfiguration(
        preprocessing, channels: c.channels, classes: classes),
      "unmask": [
        "name": .string(encoder.name), "encoder": c.json, "preprocessing": preprocessing.json,
      ],
    ]
  }

  /// A timm architecture whose code can build the network; its extents are all overridden.
  private static func architecture(_ c: VisionTransformerConfiguration) -> String {
    // Only this one is built with the gated MLP, which an argument in JSON cannot ask for.
    c.mlp == .swiGLU ? "vit_giant_patch14_dinov2" : "vit_base_patch16_224"
  }

  private static func modelArguments(_ c: VisionTransformerConfiguration) -> [String: JSON] {
    let hidden = c.mlp == .swiGLU ? 2 * c.mlpWidth : c.mlpWidth
    var arguments: [String: JSON] = [
      "img_size": .integer(c.side), "patch_size": .integer(c.patch),
      "in_chans": .integer(c.channels), "embed_dim": .integer(c.width),
      "depth": .integer(c.depth), "num_heads": .integer(c.heads),
      "mlp_ratio": .number(Double(hidden) / Double(c.width)),
      "qkv_bias": .bool(c.hasQKVBias), "class_token": .bool(c.hasClassToken),
    ]
    if c.registerTokens > 0 { arguments["reg_tokens"] = .integer(c.registerTokens) }
    if !c.positionsCoverPrefix || c.registerTokens > 0 { arguments["no_embed_class"] = true }
    if c.positions == .none { arguments["pos_embed"] = "none" }
    if c.hasPreNorm { arguments["pre_norm"] = true }
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

  private static func pretrainedConfiguration(
    _ preprocessing: Preprocessing, channels: Int, classes: JSON
  ) -> JSON {
    [
      "input_size": [
        .integer(channels), .integer(preprocessing.side), .integer(preprocessing.side),
      ],
      "mean": .array(preprocessing.statistics.mean.map { .number(decimal($0)) }),
      "std": .array(preprocessing.statistics.deviation.map { .number(decimal($0)) }),
      "interpolation": .string(preprocessing.interpolation.rawValue),
      "crop_pct": .number(preprocessing.cropRatio),
      "num_classes": classes,
    ]
  }

  /// The float as people write it: 0.485, not 0.48500001430511475.
  private static func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}

extension ClassifierHead {
  /// The classifier's tensors by timm's names; a missing bias is written as zeros, as timm needs one.
  var timmWeights: [(name: String, tensor: Tensor)] {
    var weights = [("head.weight", weight), ("head.bias", bias ?? Tensor([classes]))]
    if let norm { weights += [("fc_norm.weight", norm.gain), ("fc_norm.bias", norm.bias)] }
    return weights.map { (name: $0.0, tensor: $0.1) }
  }
}
