import Vision

/// The ResNets of CIFAR, 20 to 1202 layers, with shortcuts that pad (option A) or project.
enum CIFARResNet: KeyMap {
  static let name = "cifar-resnet"
  static let summary = "CIFAR ResNet-20 … 1202"
  static let signature = [
    "conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer3.0.conv1.weight",
  ]

  static func score(_ weights: WeightView) -> Int {
    hasSignature(weights) && !weights.has("layer4.0.conv1.weight")
      && weights.shape("conv1.weight")?.last == 3 ? 2 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    try ResidualAssembly.plan(
      weights.renamed(by: ResNet.rules), options, family: name,
      preprocessing: Preprocessing(side: 32, cropRatio: 1))
  }
}
