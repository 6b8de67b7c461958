import Encoders
import Support
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
      let after = model.encode(EncoderInput(input, taps: [block + 1]), in: graph).sequence
      let expected = golden.tensor("block\(block)", in: caseName)
      #expect(largestRelativeDifference(Tensor(after.shape, after.array), from: expected) < 1e-5)
    }
    let tokens = model.encode(EncoderInput(input), in: graph).sequence
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
    let tokens = model.encode(EncoderInput(input), in: graph).sequence
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
    let all = model.encode(EncoderInput(input), in: graph).sequence.array
    var random = RandomStream(seed: 3, purpose: "order")
    let orders = (0..<2).map { _ in random.permutation(16) }
    let mask = TokenMask.drop(visible: orders.flatMap { $0.map { Int32($0) } })
    let shuffled = model.encode(EncoderInput(input, mask: mask), in: graph).sequence.array
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
    let tokens = model.encode(EncoderInput(images, mask: .drop(visible: [0, 2])), in: graph)
      .sequence
    #expect(tokens.shape == [1, 3, 24])
    #expect(tokens.array.allSatisfy { $0.isFinite })
  }

  /// Rectangles, patches replaced by a learned vector, taps and the class token's attention, all in one pass.
  @Test(arguments: ["rectangle", "turned", "replaced"])
  func otherInputsAgreeWithTimm(caseName: String) throws {
    let golden = try Golden("vit_inputs")
    let model = try model(golden, caseName)
    let store = model.parameters
    let maskStore = ParameterStore()
    let vector = maskStore.add("mask_token", [1, 1, model.width])
    let images = golden.tensor("images", in: caseName)
    let graph = Graph(
      workspace: Workspace(), precision: .fp32,
      gradients: [store, maskStore].map { ($0, $0.gradient) })
    let node = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    var input = EncoderInput(node, taps: [2, nil, 1], wantsAttention: true)
    if golden.has("mask_token", in: caseName) {
      vector.data.update(
        from: golden.tensor("mask_token", in: caseName).data, count: vector.count)
      let flags = golden.tensor("hidden", in: caseName).array.map { $0 > 0 }
      input.mask = .replace(isHidden: flags, by: vector)
    }
    try model.check(input.shape)
    let output = model.encode(input, in: graph)
    for (features, key) in zip(output.features, ["block1", "tokens", "block0"]) {
      let expected = golden.tensor(key, in: caseName)
      let ours = Tensor(features.sequence.shape, features.sequence.array)
      #expect(largestRelativeDifference(ours, from: expected) < 1e-5, "\(key)")
    }
    let attention = try #require(output.attention)
    if golden.has("class_attention", in: caseName) {
      let expected = golden.tensor("class_attention", in: caseName)
      #expect(attention.shape == expected.shape)
      #expect(
        largestRelativeDifference(Tensor(attention.shape, attention.array), from: expected) < 1e-5)
    }
    graph.seed(output.features[1].sequence, gradient: golden.tensor("probe", in: caseName).array)
    graph.backward()
    for (name, expected) in golden.group("gradients/", in: caseName) {
      let parameter = try #require(store[name])
      let ours = Tensor(expected.shape)
      ours.data.update(from: parameter.gradient, count: parameter.count)
      #expect(largestRelativeDifference(ours, from: expected) < 1e-4, "\(name)")
    }
    guard golden.has("mask_token_gradient", in: caseName) else { return }
    let ours = Tensor([model.width])
    ours.data.update(from: vector.gradient, count: vector.count)
    let expected = golden.tensor("mask_token_gradient", in: caseName)
    #expect(largestRelativeDifference(ours, from: expected) < 1e-4)
  }

  /// A map holds the patch tokens, channel by channel.
  @Test func mapsArePatchTokens() throws {
    let golden = try Golden("vit_inputs")
    let model = try model(golden, "rectangle")
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = graph.constant([2, 3, 12, 20]) { out in
      for i in 0..<2 * 720 { out[i] = Float(i % 7) }
    }
    let features = model.encode(EncoderInput(images, taps: [1]), in: graph).features[0]
    let map = features.map(in: graph)
    #expect(map.shape == [2, 12, 3, 5] && features.grid == (3, 5))
    let (values, tokens) = (map.array, features.sequence.array)
    for (image, channel, place) in [(0, 0, 0), (1, 11, 14), (0, 3, 7)] {
      #expect(
        values[(image * 12 + channel) * 15 + place]
          == tokens[(image * 16 + 1 + place) * 12 + channel])
    }
  }

  /// Inputs that do not fit are refused in words, and a copy is trained without the original.
  @Test func refusalsAndCopies() throws {
    let model = try VisionTransformer(named: "vit-tiny/4@32")
    model.initialize(seed: 1)
    for shape in [
      InputShape(rows: 32, columns: 30), InputShape(channels: 1, side: 32), InputShape(side: 0),
      InputShape(rows: 4096, columns: 4096),
    ] {
      #expect(throws: InputError.self) { try model.check(shape) }
    }
    try model.check(InputShape(rows: 16, columns: 64))
    var configuration = model.configuration
    configuration.relativePositions = .shared
    let relative = try VisionTransformer(configuration, name: "beit")
    #expect(throws: InputError.self) { try relative.check(InputShape(side: 64)) }
    #expect(relative.masks == [.replace])
    let copy = model.copy()
    let (theirs, ours) = (copy.parameters.parameters[0], model.parameters.parameters[0])
    #expect(theirs.data[0] == ours.data[0] && copy.parameters !== model.parameters)
    theirs.data[0] += 1
    #expect(theirs.data[0] != ours.data[0])
  }

  /// timm's `group_parameters(model, model.group_matcher())` of a ViT of 12 blocks.
  @Test func layersAreCountedAsInTimm() throws {
    let model = try VisionTransformer(named: "vit-tiny/16@224")
    let expected = [
      "cls_token": 0, "pos_embed": 0, "patch_embed.proj.weight": 0, "blocks.0.norm1.weight": 1,
      "blocks.9.attn.qkv.bias": 10, "blocks.11.mlp.fc2.weight": 12, "norm.weight": 12,
    ]
    for (name, layer) in expected {
      #expect(model.layer(of: try #require(model.parameters[name])) == layer, "\(name)")
    }
    #expect(model.layerCount == 13)
  }
}
