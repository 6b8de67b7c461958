import Encoders
import Support
import Tensors
import TestSupport
import Testing

/// Residual networks in training against torchvision's.
@Suite struct ResNetTests {
  private static func network(_ golden: Golden, _ caseName: String) throws -> ResNet {
    let width = golden.integer("width", in: caseName)
    let isSmall = golden.flag("small", in: caseName)
    var depths = golden.integer("depths", in: caseName)
    var blocks: [Int] = []
    while depths > 0 { (blocks, depths) = ([depths % 10] + blocks, depths / 10) }
    let configuration = ResNetConfiguration(
      stem: isSmall ? .cifar : .imageNet,
      block: golden.flag("bottleneck", in: caseName) ? .bottleneck : .basic,
      shortcut: .projection, stemWidth: width, widths: (0..<4).map { width << $0 }, depths: blocks,
      side: golden.integer("side", in: caseName))
    let network = try ResNet(configuration, name: caseName)
    fill(network.parameters)
    return network
  }

  private struct Step {
    var pooled: [Float] = []
    var gradients: [(name: String, sample: [Float])] = []
    var statistics: [(name: String, sample: [Float])] = []
    var weights: [Float] = []
  }

  /// A step of `sum(pooled * probe)`, the batch cut into lanes.
  private static func step(_ golden: Golden, _ caseName: String, lanes: Int, threads: Int) throws
    -> Step
  {
    let network = try network(golden, caseName)
    let (batch, side) = (
      golden.integer("batch", in: caseName), golden.integer("side", in: caseName)
    )
    let extent = 3 * side * side
    let images = drawn(batch * extent, 1000)
    let probe = drawn(batch * network.width, 2000)
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let store = network.parameters
    let runner = DataParallel(pool: pool, stores: [store], lanes: lanes, precision: .fp32)
    let pooled = Tensor([batch, network.width])
    _ = try runner.step(batch: batch, slice: 1) { graph, range in
      let node = graph.constant([range.count, 3, side, side]) { out in
        for index in 0..<range.count * extent {
          out[index] = 3.4 * images[range.lowerBound * extent + index]
        }
      }
      let tokens = network.encode(EncoderInput(node), in: graph).sequence
      let mean = graph.mean(tokens, tokens: 0..<tokens.shape[1])
      let place = range.lowerBound * network.width
      (pooled.data + place).update(from: mean.data, count: mean.count)
      graph.seed(mean, gradient: Array(probe[place..<place + mean.count]))
      return 0
    }
    var result = Step(pooled: pooled.array)
    for parameter in store.parameters {
      if parameter.isTrainable {
        result.gradients.append((parameter.name, sampled(parameter.gradient, parameter.count)))
      } else if !parameter.shape.isEmpty {
        result.statistics.append((parameter.name, sampled(parameter.data, parameter.count)))
      } else {
        #expect(parameter.data[0] == 1)
      }
    }
    result.weights = Array(UnsafeBufferPointer(start: store.gradient, count: store.extent))
    return result
  }

  @Test(arguments: ["basic", "bottleneck", "resnet18", "resnet18_small"], [1, 4])
  func aStepAgreesWithTorchvision(caseName: String, lanes: Int) throws {
    let golden = try Golden("resnet_training")
    let step = try Self.step(golden, caseName, lanes: lanes, threads: 2)
    let pooled = golden.tensor("pooled", in: caseName)
    #expect(largestRelativeDifference(Tensor(pooled.shape, step.pooled), from: pooled) < 1e-4)
    for (ours, key, tolerance) in [
      (step.gradients, "gradients", 1e-3), (step.statistics, "statistics", 1e-5),
    ] as [([(name: String, sample: [Float])], String, Float)] {
      let theirs = golden.tensor(key, in: caseName)
      #expect(ours.count == theirs.shape[0])
      for (row, (name, sample)) in ours.enumerated() {
        let expected = theirs.array[row * 17..<(row + 1) * 17]
        #expect(sampleDifference(sample, expected) < tolerance, "\(name)")
      }
    }
  }

  @Test func threadsChangeNoBit() throws {
    let golden = try Golden("resnet_training")
    let one = try Self.step(golden, "bottleneck", lanes: 8, threads: 1)
    for threads in [2, 3, 7] {
      let more = try Self.step(golden, "bottleneck", lanes: 8, threads: threads)
      #expect(more.weights == one.weights && more.pooled == one.pooled)
    }
  }

  /// Folding batch norms into convolutions changes nothing beyond rounding.
  @Test(arguments: ["basic", "bottleneck", "resnet18_small"])
  func foldingChangesLittle(caseName: String) throws {
    let golden = try Golden("resnet_training")
    let network = try Self.network(golden, caseName)
    let side = golden.integer("side", in: caseName)
    let images = drawn(2 * 3 * side * side, 1000)
    let outputs = [false, true].map { isUnfolded -> Tensor in
      let other = ParameterStore()
      let graph =
        isUnfolded
        ? Graph(workspace: Workspace(), precision: .fp32, gradients: [(other, other.gradient)])
        : Graph(workspace: Workspace(), precision: .fp32)
      // An input that wants a gradient keeps the norms apart, in evaluation mode.
      let node = graph.variable([2, 3, side, side], images)
      let tokens = network.encode(EncoderInput(node), in: graph).sequence
      return Tensor(tokens.shape, tokens.array)
    }
    #expect(largestRelativeDifference(outputs[0], from: outputs[1]) < 1e-5)
    #expect(outputs[0].array != outputs[1].array)
  }

  @Test func namesSayTheStem() throws {
    #expect(try ResNetConfiguration(named: "resnet18@32").stem == .cifar)
    #expect(try ResNetConfiguration(named: "resnet18@64").stem == .imageNet)
    let small = try ResNet(named: "resnet18@32")
    #expect(small.levels.map(\.stride) == [1, 2, 4, 8])
    #expect(small.levels.map(\.channels) == [64, 128, 256, 512] && small.patchCount == 16)
    #expect(small.parameters.parameterCount == 11_168_832)
    #expect(small.masks.isEmpty && small.attentionHeads == nil)
  }

  /// timm's `group_parameters(model, model.group_matcher())` of a ResNet-18.
  @Test func layersAreCountedAsInTimm() throws {
    let network = try ResNet(named: "resnet18@224")
    for (name, layer) in [
      ("conv1.weight", 0), ("bn1.bias", 0), ("layer1.0.conv1.weight", 1),
      ("layer2.0.downsample.1.weight", 3), ("layer4.1.bn2.bias", 8),
    ] {
      #expect(network.layer(of: try #require(network.parameters[name])) == layer, "\(name)")
    }
    #expect(network.layerCount == 9)
  }
}
