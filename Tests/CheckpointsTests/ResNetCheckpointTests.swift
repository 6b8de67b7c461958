import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Residual networks against torchvision, and the published one against its README.
@Suite struct ResNetCheckpointTests {
  private func graph() -> Graph { Graph(workspace: Workspace(), precision: .fp32) }

  private func node(_ tensor: Tensor, _ graph: Graph) -> Node {
    graph.constant(tensor.shape) { $0.update(from: tensor.data, count: tensor.count) }
  }

  private func tensor(_ node: Node) -> Tensor {
    let result = Tensor(node.shape)
    result.data.update(from: node.data, count: node.count)
    return result
  }

  @Test(arguments: ["resnet_basic.pth", "resnet_bottleneck.pth.tar"], [32, 48])
  func agreesWithTorchvision(_ file: String, side: Int) throws {
    let goldens = try CheckpointGoldens()
    let name = String(file.prefix { $0 != "." })
    var options = CheckpointOptions()
    options.side = side
    let loaded = try loadCheckpoint(CheckpointGoldens.path(file), options: options)
    #expect(loaded.description.family == "resnet")
    #expect(
      loaded.description.branch == (name == "resnet_basic" ? "" : "state_dict.module.encoder_q"))
    let network = loaded.encoder
    let graph = graph()
    let images = node(try goldens.images(side: side), graph)
    let taps = [1, 2, 3, 4, nil]
    let features = network.encode(EncoderInput(images, taps: taps), in: graph).features
    for (index, level) in network.levels.enumerated() {
      let theirs = try goldens.expected("\(name)/\(side)/stage\(index + 1)")
      let ours = tensor(features[index].map(in: graph))
      #expect(ours.shape == theirs.shape)
      #expect(level.grid(of: network.input) == (theirs.shape[2], theirs.shape[3]))
      #expect(level.channels == theirs.shape[1])
      #expect(largestRelativeDifference(ours, from: theirs) < 1e-4, "stage \(index + 1)")
    }
    let tokens = features[4].sequence
    #expect(tokens.shape == [2, network.patchCount, network.width])
    let pooled = graph.mean(tokens, tokens: 0..<network.patchCount)
    let scores = try #require(loaded.head).scores(pooled.data, images: 2)
    let logits = try goldens.expected("\(name)/\(side)/logits")
    #expect(largestRelativeDifference(scores, from: logits) < 1e-4)
  }

  /// Other people's names for the same networks.
  @Test(arguments: [
    ("resnet_sequential.ckpt", "sequential-resnet", "state_dict.backbone"),
    ("resnet_shortcut.pth", "resnet", "net.module"), ("hf_resnet", "hf-resnet", "resnet"),
    ("hf_resnet_bottleneck", "hf-resnet", "resnet"),
  ])
  func agreesUnderOtherNames(_ file: String, _ family: String, _ branch: String) throws {
    let goldens = try CheckpointGoldens()
    let name = String(file.prefix { $0 != "." })
    var options = CheckpointOptions()
    options.side = 32
    let loaded = try loadCheckpoint(CheckpointGoldens.path(file), options: options)
    #expect(loaded.description.family == family)
    #expect(loaded.description.branch == branch)
    let network = loaded.encoder
    let graph = graph()
    let images = node(try goldens.images(side: 32), graph)
    let features = network.encode(EncoderInput(images, taps: [1, 2, 3, 4]), in: graph).features
    for (index, feature) in features.enumerated() {
      let theirs = try goldens.expected("\(name)/32/stage\(index + 1)")
      let ours = tensor(feature.map(in: graph))
      #expect(ours.shape == theirs.shape)
      #expect(largestRelativeDifference(ours, from: theirs) < 1e-4, "stage \(index + 1)")
    }
    guard let head = loaded.head else {
      #expect(family == "sequential-resnet")
      return
    }
    let pooled = graph.mean(features[3].sequence, tokens: 0..<network.patchCount)
    let scores = head.scores(pooled.data, images: 2)
    #expect(
      largestRelativeDifference(scores, from: try goldens.expected("\(name)/32/logits")) < 1e-4)
  }

  /// pytorch-cifar100's names, of which the shortcut golden is made.
  @Test func readsBranchesInSequence() throws {
    let archive = try openCheckpoint(CheckpointGoldens.path("resnet_shortcut.pth"))
    let folder = TemporaryFolder()
    let tensors = try archive.names.filter { $0.hasPrefix("net.") }.map { name in
      var plain = String(name.dropFirst("net.module.".count))
      for (old, new) in [
        ("conv1.weight", "conv1.0.weight"), ("bn1.", "conv1.1."), ("linear.", "fc."),
      ] where plain.hasPrefix(old) { plain = new + plain.dropFirst(old.count) }
      for stage in 1...4 where plain.hasPrefix("layer\(stage).") {
        plain = "conv\(stage + 1)_x." + plain.dropFirst("layer1.".count)
        for (old, new) in [
          (".conv1.", ".residual_function.0."), (".bn1.", ".residual_function.1."),
          (".conv2.", ".residual_function.3."), (".bn2.", ".residual_function.4."),
        ] { plain = plain.replacing(old, with: new) }
      }
      return (name: plain, tensor: try archive.floats(name))
    }
    let path = folder.file("cifar100.safetensors")
    try writeSafetensors(tensors, to: path)
    let loaded = try loadCheckpoint(path)
    #expect(loaded.description.family == "cifar100-resnet")
    let graph = graph()
    let images = node(try CheckpointGoldens().images(side: 32), graph)
    let tokens = loaded.encoder.encode(EncoderInput(images), in: graph).sequence
    let pooled = graph.mean(tokens, tokens: 0..<loaded.encoder.patchCount)
    let scores = try #require(loaded.head).scores(pooled.data, images: 2)
    let logits = try CheckpointGoldens().expected("resnet_shortcut/32/logits")
    #expect(largestRelativeDifference(scores, from: logits) < 1e-4)
  }

  static let hasPublished = RealData.has("checkpoints") && RealData.has("cifar10")

  @Test(.enabled(if: hasPublished, "the published ResNet-20 or CIFAR-10 is not on this machine"))
  func givesThePublishedLogits() throws {
    let path = try #require(RealData.folder("checkpoints")) + "/resnet20-cifar10.th"
    let loaded = try loadCheckpoint(path)
    #expect(loaded.encoder.name == "resnet20@32")
    #expect(loaded.description.family == "cifar-resnet")
    #expect(loaded.description.ignored.isEmpty)
    #expect(loaded.preprocessing.statistics == .imageNet)
    let folder = try #require(RealData.folder("cifar10"))
    let test = try openDataset("cifar10:\(folder)").test
    let input = Tensor([1, 3, 32, 32])
    loaded.preprocessing.render(try test.image(at: 0), into: input.data)
    let graph = graph()
    let tokens = loaded.encoder.encode(EncoderInput(node(input, graph)), in: graph).sequence
    let pooled = graph.mean(tokens, tokens: 0..<loaded.encoder.patchCount)
    let logits = try #require(loaded.head).scores(pooled.data, images: 1).array
    let published: [Float] = [
      -7.3600, -7.5042, 3.4639, -2.9472, 34.1494, -4.8385, -10.5119, 0.3574, -1.3328, -3.4858,
    ]
    for (ours, theirs) in zip(logits, published) { #expect(abs(ours - theirs) < 1e-3) }
  }

  /// A ResNet-18 for CIFAR has a stem of 3×3, and its pictures are seen whole.
  @Test func aStemOfThreeIsANetworkForSmallPictures() throws {
    let folder = TemporaryFolder()
    let archive = try openCheckpoint(CheckpointGoldens.path("resnet_basic.pth"))
    let tensors = try archive.names.map { name -> (name: String, tensor: Tensor) in
      let tensor = try archive.floats(name)
      guard name == "conv1.weight" else { return (name, tensor) }
      let shape = [tensor.shape[0], 3, 3, 3]
      return (name, Tensor(shape, Array(tensor.array.prefix(shape.reduce(1, *)))))
    }
    try writeSafetensors(tensors, to: folder.file("x.safetensors"))
    let plan = try CheckpointReading(folder.file("x.safetensors")).plan
    #expect(plan.encoderName.hasSuffix("@32"))
    #expect(plan.preprocessing.view == "short side to 32 px (bilinear), centre 32×32")
    let large = try CheckpointReading(CheckpointGoldens.path("resnet_basic.pth")).plan
    #expect(large.preprocessing.view == "short side to 256 px (bilinear), centre 224×224")
  }

  @Test func countsParametersAsPublished() throws {
    // torchvision's counts without fc.
    for (name, count) in [("resnet18@224", 11_176_512), ("resnet50@224", 23_508_032)] {
      #expect(try Encoders.ResNet(named: name).parameters.parameterCount == count, "\(name)")
    }
    #expect(throws: InputError.self) { try Encoders.ResNet(named: "resnet21@32") }
    #expect(throws: InputError.self) { try Encoders.ResNet(named: "resnet50") }
  }

  @Test func refusesAMissingStatistic() throws {
    let folder = TemporaryFolder()
    let archive = try openCheckpoint(CheckpointGoldens.path("resnet_basic.pth"))
    let tensors = try archive.names.filter { $0 != "layer2.0.bn1.running_var" }
      .map { (name: $0, tensor: try archive.floats($0)) }
    try writeSafetensors(tensors, to: folder.file("x.safetensors"))
    let error = #expect(throws: InputError.self) {
      try loadCheckpoint(folder.file("x.safetensors"))
    }
    #expect(error?.problem.contains("layer2.0.bn1.running_var") == true)
  }

  /// Counters of steps came late to PyTorch; a negative variance is no statistic.
  @Test func countersMayBeMissingVariancesNotNegative() throws {
    let folder = TemporaryFolder()
    let archive = try openCheckpoint(CheckpointGoldens.path("resnet_basic.pth"))
    var tensors = try archive.names.filter { !$0.hasSuffix("num_batches_tracked") }
      .map { (name: $0, tensor: try archive.floats($0)) }
    try writeSafetensors(tensors, to: folder.file("old.safetensors"))
    let loaded = try loadCheckpoint(folder.file("old.safetensors"))
    #expect(loaded.encoder.parameters["bn1.num_batches_tracked"]?.data[0] == 0)
    for (name, tensor) in tensors where name == "layer1.0.bn2.running_var" { tensor.data[1] = -1 }
    tensors.sort { $0.name < $1.name }
    try writeSafetensors(tensors, to: folder.file("bad.safetensors"))
    let error = #expect(throws: InputError.self) {
      try loadCheckpoint(folder.file("bad.safetensors"))
    }
    #expect(error?.problem.contains("layer1.0.bn2.running_var") == true)
  }
}
