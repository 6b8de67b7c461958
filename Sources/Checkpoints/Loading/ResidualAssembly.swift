import Encoders
import Support
import Tensors
import Vision

/// Finds out which residual network a set of weights makes.
struct ResidualAssembly {
  private let weights: CanonicalWeights
  private let family: String
  private var plan: [(name: String, source: WeightSource)] = []
  private var missing: [String] = []

  /// The plan for weights by torchvision's names.
  ///
  /// - Parameters:
  ///   - weights: the weights.
  ///   - options: what the user says.
  ///   - family: the key map, for messages.
  ///   - preprocessing: the transform where no file asks for one; its side is the customary one.
  /// - Returns: the plan.
  /// - Throws: `InputError` when weights are missing or do not fit each other.
  static func plan(
    _ weights: CanonicalWeights, _ options: CheckpointOptions, family: String,
    preprocessing: Preprocessing
  ) throws -> ModelPlan {
    var assembly = ResidualAssembly(weights: weights, family: family)
    // A stem of 3×3 is that of CIFAR's networks, which read 32 pixels.
    let isSmall = weights.shape("conv1.weight")?.last == 3
    let preprocessing = isSmall ? preprocessing.with(side: 32) : preprocessing
    let stated = try weights.view.statedPreprocessing(
      options, usual: preprocessing.side, family: family)
    let side = options.side ?? stated?.preprocessing.side ?? preprocessing.side
    let configuration = try assembly.architecture(side: side)
    try configuration.validate(as: weights.view.archive.source)
    try assembly.addAll(configuration)
    var result = ModelPlan(
      architecture: configuration,
      encoderName: "resnet\(configuration.layers)@\(side)", weights: assembly.plan,
      head: assembly.head(width: configuration.width),
      preprocessing: try options.preprocessing(stated, usual: preprocessing, side: side)
        .with(channels: configuration.channels))
    if configuration.channels == 1 {
      result.notes.append(Channels.note(result.preprocessing.statistics))
    }
    return result
  }

  private init(weights: CanonicalWeights, family: String) {
    self.weights = weights
    self.family = family
  }

  private var subject: String { weights.view.archive.source }

  private func architecture(side: Int) throws -> ResNetConfiguration {
    var widths: [Int] = []
    var depths: [Int] = []
    while let first = weights.shape("layer\(widths.count + 1).0.conv1.weight"), first.count == 4 {
      let stage = widths.count + 1
      var depth = 0
      while weights.has("layer\(stage).\(depth).conv1.weight") { depth += 1 }
      widths.append(first[0])
      depths.append(depth)
    }
    guard let stem = weights.shape("conv1.weight"), stem.count == 4, stem[2] == stem[3] else {
      throw InputError(subject, "its first convolution is no square one")
    }
    try Channels.check(stem[1], subject)
    guard [3, 7].contains(stem[2]), !widths.isEmpty else {
      throw InputError(
        subject, "its first convolution is \(stem), not 7×7 or 3×3",
        "variants with a deep stem cannot be read")
    }
    try checkBottleneck()
    let isCIFAR = stem[2] == 3
    let second = "layer\(min(widths.count, 2)).0"
    var configuration = ResNetConfiguration(
      stem: isCIFAR ? .cifar : .imageNet,
      block: weights.has("layer1.0.conv3.weight") ? .bottleneck : .basic,
      shortcut: weights.has("\(second).downsample.0.weight") || !isCIFAR ? .projection : .padding,
      stemWidth: stem[0], widths: widths, depths: depths, side: side)
    configuration.channels = stem[1]
    return configuration
  }

  /// Refuses grouped and widened bottlenecks by their name.
  private func checkBottleneck() throws {
    guard let first = weights.shape("layer1.0.conv1.weight")?.first,
      let second = weights.shape("layer1.0.conv2.weight"), second.count == 4,
      let third = weights.shape("layer1.0.conv3.weight")?.first
    else { return }
    guard second[0] == second[1], third == 4 * first else {
      throw InputError(
        subject,
        "its bottlenecks are grouped or widened (ResNeXt, wide ResNet): layer1.0.conv2.weight is \(second)",
        "only plain ResNets can be read")
    }
  }

  private mutating func addAll(_ configuration: ResNetConfiguration) throws {
    let network = try Encoders.ResNet(configuration, name: "resnet")
    for parameter in network.parameters.parameters { add(parameter.name) }
    guard missing.isEmpty else {
      let first = missing.prefix(3).joined(separator: ", ")
      throw InputError(
        subject,
        "lacks \(missing.count) of the weights that a network of family '\(family)' has: \(first)"
          + weights.view.archive.oddTensorsText,
        "give the whole checkpoint, or name another family: --set checkpoint.map=NAME")
    }
  }

  private mutating func add(_ name: String) {
    let isCounter = name.hasSuffix(".num_batches_tracked")
    guard let file = weights[name], let stored = weights.shape(name) else {
      // Files from before PyTorch 0.4.1 do not count steps, and nothing depends on the count.
      guard isCounter else { return missing.append(name) }
      return unsafe plan.append(
        (name, WeightSource([], shape: []) { _, target in unsafe target[0] = 0 }))
    }
    let shape = isCounter ? [] : stored
    let isVariance = name.hasSuffix(".running_var")
    plan.append((name, isVariance ? .variance(file, shape: shape) : .tensor(file, shape: shape)))
  }

  private func head(width: Int) -> HeadPlan? {
    for name in ["fc", "linear", "head"] {
      guard let weight = weights["\(name).weight"], let shape = weights.shape("\(name).weight"),
        shape.count == 2, shape[1] == width, shape[0] > 0
      else { continue }
      return HeadPlan(
        pooling: .mean, weight: .tensor(weight, shape: shape),
        bias: weights["\(name).bias"].map { .tensor($0, shape: [shape[0]]) })
    }
    return nil
  }
}

extension WeightSource {
  /// Running variances; a negative one is refused.
  fileprivate static func variance(_ name: String, shape: [Int]) -> WeightSource {
    let count = shape.reduce(1, *)
    return unsafe WeightSource([name], shape: shape) { archive, target in
      try unsafe archive.read(name, into: target, count: count)
      guard (0..<count).allSatisfy({ unsafe target[$0] >= 0 }) else {
        throw InputError(archive.source, "'\(name)' holds a negative variance or NaN")
      }
    }
  }
}
