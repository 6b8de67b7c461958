import Vision

/// torchvision's and timm's ResNet-18 … 152 (v1.5), MFM's and MoCo's too; also with a stem for small pictures.
enum ResNet: KeyMap {
  static let name = "resnet"
  static let summary = "torchvision's and timm's ResNets (v1.5)"
  static let signature = [
    "conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight",
  ]

  /// Shortcuts by the name of pytorch-cifar and of networks made after it.
  static let rules =
    (1...4).flatMap { stage in
      RenameRule.list([
        ("layer\(stage).#.shortcut.0.", "layer\(stage).#.downsample.0."),
        ("layer\(stage).#.shortcut.1.", "layer\(stage).#.downsample.1."),
        ("layer\(stage).#.shortcut.conv.", "layer\(stage).#.downsample.0."),
        ("layer\(stage).#.shortcut.bn.", "layer\(stage).#.downsample.1."),
      ])
    }
    + ["conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.", "fc.", "linear.", "head."]
    .map { RenameRule($0, $0) }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    try ResidualAssembly.plan(
      weights.renamed(by: rules), options, family: name,
      preprocessing: Preprocessing(side: 224, interpolation: .bilinear))
  }
}
