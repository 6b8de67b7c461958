import Vision

/// torchvision's and timm's ResNet-18 … 152 (v1.5), MFM's and MoCo's too.
enum ResNet: KeyMap {
  static let name = "resnet"
  static let summary = "torchvision's and timm's ResNets (v1.5)"
  static let signature = [
    "conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight",
  ]

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    // A stem of 3×3 is that of CIFAR's networks, which read 32 pixels.
    let isSmall = weights.shape("conv1.weight")?.last == 3
    return try ResidualAssembly.plan(
      weights, options, family: name,
      preprocessing: Preprocessing(side: isSmall ? 32 : 224, interpolation: .bilinear))
  }
}
