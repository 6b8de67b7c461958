import Support
import Vision

/// Hugging Face's `ResNetModel` and `ResNetForImageClassification`.
enum HuggingFaceResNet: KeyMap {
  static let name = "hf-resnet"
  static let summary = "Hugging Face ResNets"
  static let signature = [
    "embedder.embedder.convolution.weight", "embedder.embedder.normalization.running_mean",
    "encoder.stages.0.layers.0.layer.0.convolution.weight",
  ]

  private static let rules: [RenameRule] = {
    var rules = RenameRule.list([
      ("embedder.embedder.convolution.", "conv1."), ("embedder.embedder.normalization.", "bn1."),
    ])
    for stage in 0...3 {
      let (from, to) = ("encoder.stages.\(stage).layers.#.", "layer\(stage + 1).#.")
      rules += RenameRule.list([
        ("\(from)shortcut.convolution.", "\(to)downsample.0."),
        ("\(from)shortcut.normalization.", "\(to)downsample.1."),
      ])
      for layer in 0...2 {
        rules += RenameRule.list([
          ("\(from)layer.\(layer).convolution.", "\(to)conv\(layer + 1)."),
          ("\(from)layer.\(layer).normalization.", "\(to)bn\(layer + 1)."),
        ])
      }
    }
    return rules
  }()

  /// Settings under which the network computes what torchvision's does.
  private static let fixed: [(key: String, value: JSON)] = [
    ("hidden_act", "relu"), ("downsample_in_first_stage", false),
    ("downsample_in_bottleneck", false),
  ]

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    for (key, value) in fixed {
      guard let stated = weights.config[key], !stated.isNull, stated != value else { continue }
      throw InputError(
        weights.archive.source, "its config.json has another '\(key)' than torchvision's ResNets",
        UnusedWeights.advice)
    }
    var plan = try ResidualAssembly.plan(
      weights.renamed(by: rules), options, family: name,
      preprocessing: Preprocessing(side: 224))
    let name = "classifier.1"
    if let shape = weights.archive.entry("\(name).weight")?.shape, shape.count == 2, shape[0] > 0,
      shape[1] == plan.architecture.width
    {
      plan.head = HeadPlan(
        pooling: .mean, weight: .tensor("\(name).weight", shape: shape),
        bias: weights.archive.entry("\(name).bias") == nil
          ? nil : .tensor("\(name).bias", shape: [shape[0]]))
    }
    return plan
  }
}
