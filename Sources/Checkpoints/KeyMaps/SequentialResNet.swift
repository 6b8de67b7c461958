import Support
import Vision

/// A ResNet whose layers are numbered: `nn.Sequential(*list(resnet.children())[:-1])`, as lightly builds backbones.
///
/// `0` is the first convolution, `1` its norm; the stages come after what has no weights (ReLU, pooling).
enum SequentialResNet: KeyMap {
  static let name = "sequential-resnet"
  static let summary = "ResNets by position (lightly)"
  static let signature = ["1.running_mean", "0.weight", "1.weight"]

  /// Where the stages may begin: after the norm, ReLU, and pooling.
  private static let starts = 2...4

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights), weights.shape("0.weight")?.count == 4 else { return 0 }
    return start(weights) == nil ? 0 : 1
  }

  private static func start(_ weights: WeightView) -> Int? {
    starts.first { weights.has("\($0).0.conv1.weight") && weights.has("\($0).0.bn1.weight") }
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    let first = start(weights) ?? 4
    var rules = RenameRule.list([("0.", "conv1."), ("1.", "bn1.")])
    for stage in 1...4 {
      let (from, to) = ("\(first + stage - 1)", "layer\(stage)")
      rules += RenameRule.list([
        ("\(from).#.shortcut.0.", "\(to).#.downsample.0."),
        ("\(from).#.shortcut.1.", "\(to).#.downsample.1."), ("\(from).", "\(to)."),
      ])
    }
    // A stem of 3×3 is that of CIFAR's networks, which read 32 pixels.
    let isSmall = weights.shape("0.weight")?.last == 3
    return try ResidualAssembly.plan(
      weights.renamed(by: rules), options, family: name,
      preprocessing: Preprocessing(side: isSmall ? 32 : 224, interpolation: .bilinear))
  }
}
