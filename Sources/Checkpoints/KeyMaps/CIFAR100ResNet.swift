import Vision

/// The ResNets of pytorch-cifar100: a 3×3 stem, stages `conv2_x` … `conv5_x`, branches as `nn.Sequential`.
enum CIFAR100ResNet: KeyMap {
  static let name = "cifar100-resnet"
  static let summary = "ResNets of pytorch-cifar100"
  static let signature = [
    "conv1.0.weight", "conv1.1.running_mean", "conv2_x.0.residual_function.0.weight",
  ]

  private static let rules: [RenameRule] = {
    var rules = RenameRule.list([("conv1.0.", "conv1."), ("conv1.1.", "bn1."), ("fc.", "fc.")])
    for stage in 1...4 {
      let (from, to) = ("conv\(stage + 1)_x.#.", "layer\(stage).#.")
      // Convolution, norm, ReLU, convolution, norm, [ReLU, convolution, norm].
      for (layer, place) in [0, 3, 6].enumerated() {
        rules += RenameRule.list([
          ("\(from)residual_function.\(place).", "\(to)conv\(layer + 1)."),
          ("\(from)residual_function.\(place + 1).", "\(to)bn\(layer + 1)."),
        ])
      }
      rules += RenameRule.list([
        ("\(from)shortcut.0.", "\(to)downsample.0."), ("\(from)shortcut.1.", "\(to)downsample.1."),
      ])
    }
    return rules
  }()

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    try ResidualAssembly.plan(
      weights.renamed(by: rules), options, family: name,
      preprocessing: Preprocessing(side: 32, cropRatio: 1))
  }
}
