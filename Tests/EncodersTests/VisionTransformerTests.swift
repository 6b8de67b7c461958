import Encoders
import Tensors
import TestSupport
import Testing

/// A whole ViT against timm's, which shares its parameters and their names.
@Suite struct VisionTransformerTests {
  private func model(_ golden: Golden, _ caseName: String) throws -> VisionTransformer {
    let integer = { (key: String) in golden.integer(key, in: caseName) }
    var configuration = VisionTransformerConfiguration(
      width: integer("width"), depth: integer("depth"), heads: integer("heads"),
      patch: integer("patch"), side: integer("side"))
    configuration.hasClassToken = golden.flag("class_token", in: caseName)
    configuration.hasQKVBias = golden.flag("qkv_bias", in: caseName)
    configuration.positions =
      switch golden.word("positions", in: caseName) {
      case "learned": .learned
      case "none": .none
      default: .sinCos
      }
    if configuration.positions == .none {
      configuration.registerTokens = integer("registers")
      configuration.mlpWidth = integer("mlp_width")
      configuration.normEpsilon = Float(golden.number("epsilon", in: caseName))
      configuration.hasLayerScale = true
      configuration.rotary = RotaryPositions(
        base: golden.number("base", in: caseName),
        headWidth: configuration.width / configuration.heads)
    }
    let model = try VisionTransformer(configuration, name: caseName)
    let values = golden.group("parameters/", in: caseName)
    #expect(Set(values.keys) == Set(model.parameters.parameters.map(\.name)))
    for parameter in model.parameters.parameters {
      let value = try #require(values[parameter.name], "\(parameter.name)")
      #expect(value.shape == parameter.shape, "\(parameter.name)")
      parameter.data.update(from: value.data, count: parameter.count)
    }
    return model
  }

  @Test(arguments: [
    ("vit_tiny", "learned"), ("vit_tiny", "sine_cosine"), ("vit_tiny", "no_class"),
    ("vit_rotary", "dinov3"),
  ])
  func tokensAndGradientsAgreeWithTimm(_ name: String, _ caseName: String) throws {
    let golden = try Golden(name)
    let model = try model(golden, caseName)
    let store = model.parameters
    let images = golden.tensor("images", in: caseName)
    let graph = Graph(
      workspace: Workspace(), precision: .fp32, gradients: [(store, store.gradient)])
    let input = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    for block in 0..<2 {
      let after = model.tokens(of: input, in: graph, layer: block + 1)
      let expected = golden.tensor("block\(block)", in: caseName)
      #expect(largestRelativeDifference(Tensor(after.shape, after.array), from: expected) < 1e-5)
    }
    let tokens = model.tokens(of: input, in: graph, layer: nil)
    let expected = golden.tensor("tokens", in: caseName)
    #expect(tokens.shape == expected.shape)
    #expect(largestRelativeDifference(Tensor(tokens.shape, tokens.array), from: expected) < 1e-5)
    graph.seed(tokens, gradient: golden.tensor("probe", in: caseName).array)
    graph.backward()
    let gradients = golden.group("gradients/", in: caseName)
    for parameter in store.parameters {
      let made = Tensor(parameter.shape)
      made.data.update(from: parameter.gradient, count: parameter.count)
      guard let gradient = gradients[parameter.name] else {
        #expect(!parameter.isTrainable && made.array.allSatisfy { $0 == 0 })
        continue
      }
      #expect(largestRelativeDifference(made, from: gradient) < 3e-5, "\(parameter.name)")
    }
  }

  @Test(
    .enabled(if: Precision.available.contains(.bf16), "this processor has no bf16"),
    arguments: [("vit_tiny", "learned"), ("vit_tiny", "no_class"), ("vit_rotary", "dinov3")])
  func bfloat16IsCloseToTimm(_ name: String, _ caseName: String) throws {
    let golden = try Golden(name)
    let model = try model(golden, caseName)
    model.parameters.refreshBfloat16()
    let images = golden.tensor("images", in: caseName)
    let graph = Graph(workspace: Workspace(), precision: .bf16)
    let input = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    let tokens = model.tokens(of: input, in: graph, layer: nil)
    let expected = golden.tensor("tokens", in: caseName)
    #expect(largestRelativeDifference(Tensor(tokens.shape, tokens.array), from: expected) < 0.03)
  }

  /// Patches may come in any order: their tokens follow them, the class token stays.
  @Test(arguments: [("vit_tiny", "learned"), ("vit_rotary", "dinov3")])
  func visiblePatchesKeepTheirPlaces(_ name: String, _ caseName: String) throws {
    let golden = try Golden(name)
    let model = try model(golden, caseName)
    let images = golden.tensor("images", in: caseName)
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let input = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    let all = model.tokens(of: input, visible: nil, in: graph).array
    var random = RandomStream(seed: 3, purpose: "order")
    let orders = (0..<2).map { _ in random.permutation(16) }
    let shuffled = model.tokens(
      of: input, visible: orders.flatMap { $0.map { Int32($0) } }, in: graph
    ).array
    let (prefix, tokens, width) = (model.prefixTokens, model.tokenCount, model.width)
    for image in 0..<2 {
      for (place, patch) in ((-prefix..<0) + orders[image]).enumerated() {
        for i in 0..<width {
          let ours = shuffled[(image * tokens + place) * width + i]
          let theirs = all[(image * tokens + patch + prefix) * width + i]
          #expect(abs(ours - theirs) < 1e-5)
        }
      }
    }
  }

  /// A hidden patch is never read: not even NaN in it shows.
  @Test func hiddenPatchesAreNotRead() throws {
    let model = try VisionTransformer(
      VisionTransformerConfiguration(width: 24, depth: 1, heads: 3, patch: 4, side: 8), name: "tiny"
    )
    model.initialize(seed: 1)
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = graph.constant([1, 3, 8, 8]) { out in
      for i in 0..<192 { out[i] = i % 8 < 4 ? Float(i % 5) : .nan }
    }
    let tokens = model.tokens(of: images, visible: [0, 2], in: graph)
    #expect(tokens.shape == [1, 3, 24])
    #expect(tokens.array.allSatisfy { $0.isFinite })
  }
}
