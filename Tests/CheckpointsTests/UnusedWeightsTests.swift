import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Networks whose weights have the names of a plain one, and that compute something else, are refused.
@Suite struct UnusedWeightsTests {
  private let folder = TemporaryFolder()

  /// What is said of a golden with weights added and others left out.
  private func refusal(
    _ golden: String, adding added: [(String, [Int])] = [], without removed: Set<String> = []
  ) throws -> String {
    let archive = try openCheckpoint(CheckpointGoldens.path(golden))
    var tensors = try archive.names.filter { !removed.contains($0) }
      .map { (name: $0, tensor: try archive.floats($0)) }
    tensors += added.map { (name: $0.0, tensor: Tensor($0.1)) }
    let path = folder.file(UUID().uuidString + ".safetensors")
    try writeSafetensors(tensors, to: path)
    var options = CheckpointOptions()
    options.heads = 3
    options.side = 16
    let error = #expect(throws: InputError.self) {
      try CheckpointReading(path, options: options)
    }
    return error?.errorDescription ?? ""
  }

  @Test(arguments: [
    ("blocks.1.attn.q_norm.weight", [8]),
    ("blocks.0.attn.qkv.lora_A.weight", [4, 24]),
    ("patch_embed.backbone.conv1.weight", [4, 3, 3, 3]),
    ("rope.freqs", [2, 3, 4]), ("blocks.2.attn.qkv.weight", [72, 24]),
  ])
  func refusesWeightsInTheMidstOfThoseItReads(_ name: String, _ shape: [Int]) throws {
    let message = try refusal("timm_registers.safetensors", adding: [(name, shape)])
    #expect(message.contains("'\(name)' has no place in a network of family 'timm-vit'"))
  }

  /// timm's `samvit` and the whole of SAM (`image_encoder.` before the names) have a table of rows and columns.
  @Test func namesSegmentAnything() throws {
    let message = try refusal(
      "timm_registers.safetensors",
      adding: [("blocks.0.attn.rel_pos_h", [7, 8]), ("pos_embed", [1, 2, 2, 24])],
      without: ["pos_embed"])
    #expect(message.contains("is a SAM or ViTDet, whose windows"), "\(message)")
  }

  /// timm's `resnet18d`: three convolutions for the stem's one.
  @Test func namesADeepStem() throws {
    let stem = [0, 3, 6].map { ("conv1.\($0).weight", [8, 3, 3, 3]) }
    let message = try refusal("resnet_basic.pth", adding: stem, without: ["conv1.weight"])
    #expect(message.contains("it is a ResNet with a deep stem (timm's resnet18d"), "\(message)")
  }

  @Test func countsThem() throws {
    let names = (0..<2).map { ("blocks.\($0).attn.gate", [24]) }
    let message = try refusal("timm_registers.safetensors", adding: names)
    #expect(message.contains("'blocks.0.attn.gate' and 1 more of its weights have no place"))
  }

  @Test func refusesATransformerWithoutPositions() throws {
    let message = try refusal("timm_registers.safetensors", without: ["pos_embed"])
    #expect(message.contains("no table of positions"))
  }

  @Test func refusesGatedResidualBlocks() throws {
    let message = try refusal("resnet_basic.pth", adding: [("layer1.0.se.fc1.weight", [4])])
    #expect(message.contains("'layer1.0.se.fc1.weight' has no place"))
  }

  /// What is beside the encoder may be anything: decoders, projectors, queues.
  @Test func allowsWhatStandsBeside() throws {
    let archive = try openCheckpoint(CheckpointGoldens.path("timm_registers.safetensors"))
    var tensors = try archive.names.map { (name: $0, tensor: try archive.floats($0)) }
    for name in ["decoder_blocks.0.norm1.weight", "projector.0.weight", "mask_token", "queue"] {
      tensors.append((name: name, tensor: Tensor([24])))
    }
    let path = folder.file("beside.safetensors")
    try writeSafetensors(tensors, to: path)
    var options = CheckpointOptions()
    options.heads = 3
    let description = try CheckpointReading(path, options: options).description
    #expect(description.ignored.contains("projector.0.weight"))
  }

  // MARK: Rotary positions

  /// DINOv3's norms apart for the class token, and periods that fit no heads.
  @Test func refusesWhatIsNotQuiteDINOv3() throws {
    let norms = try refusal(
      "dinov3.pth", adding: [("cls_norm.weight", [24]), ("cls_norm.bias", [24])])
    #expect(norms.contains("normalises its class token apart"))
    let periods = "rope_embed.periods"
    let none = try refusal("dinov3.pth", adding: [(periods, [0])], without: [periods])
    #expect(none.contains("'rope_embed.periods' is [0]"))
    let zero = try refusal("dinov3.pth", adding: [(periods, [2])], without: [periods])
    #expect(zero.contains("rotary periods do not fit heads of width 8"))
    let frequencies = try refusal("timm_dinov3.safetensors", adding: [("rope.freqs", [2, 3, 4])])
    #expect(frequencies.contains("no table of positions"))
    let norm = try refusal(
      "timm_dinov3.safetensors", adding: [("blocks.0.attn.q_norm.weight", [8])])
    #expect(norm.contains("'blocks.0.attn.q_norm.weight' has no place"))
  }

  /// Halves of a gate are joined only where a family is known to have them.
  @Test func refusesGatesOfOtherFamilies() throws {
    let blocks = (0..<2).map { "model.blocks.\($0).mlp." }
    let gates = blocks.flatMap { block in
      ["gate", "up"].flatMap { half in
        [("\(block)\(half).weight", [96, 24]), ("\(block)\(half).bias", [96])]
      }
    }
    let plain = Set(blocks.flatMap { ["\($0)fc1.weight", "\($0)fc1.bias"] })
    let message = try refusal("beit.pth", adding: gates, without: plain)
    #expect(message.contains("has no complete first block"))
  }

  /// Settings beside the weights that ask for other arithmetic than DINOv3's or SigLIP's.
  @Test(arguments: [
    ("timm_dinov3_plus", "plus_patch16_dinov3_qkvb", "patch16_lingbot", "timm model 'vit_small"),
    ("timm_dinov3_plus", "\"rope_temperature\": 50", "\"rope_type\": \"mixed\"", "'rope_type'"),
    ("timm_dinov3_plus", "temperature\": 50", "temperature\": 0", "do not fit"),
    ("timm_dinov3_plus", "temperature\": 50", "rotate_half\": false", "'rope_rotate_half'"),
    ("hf_dinov3_gated", "\"silu\"", "\"gelu\"", "gates are no SiLU"),
    ("hf_dinov3", "\"image_size\": 16", "\"image_size\": 4000000000000000000", "not a side in"),
    ("hf_siglip", "siglip_vision_model", "phi4_multimodal_vision", "is a 'phi4_multimodal_vision'"),
  ])
  func refusesSettingsOfOtherNetworks(
    _ golden: String, _ stated: String, _ changed: String, _ problem: String
  ) throws {
    let copy = folder.file(UUID().uuidString)
    try FileManager.default.copyItem(atPath: CheckpointGoldens.path(golden), toPath: copy)
    let config = copy + "/config.json"
    let text = try String(contentsOfFile: config, encoding: .utf8)
    #expect(text.contains(stated))
    let other = text.replacingOccurrences(of: stated, with: changed)
    try Data(other.utf8).write(to: URL(fileURLWithPath: config))
    let error = #expect(throws: InputError.self) { try CheckpointReading(copy) }
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
  }

  /// Rotary positions fit any side; one for which nobody has the memory is refused.
  @Test func refusesSidesOfTooManyPatches() throws {
    let copy = folder.file(UUID().uuidString)
    try FileManager.default.copyItem(atPath: CheckpointGoldens.path("hf_dinov3"), toPath: copy)
    try FileManager.default.removeItem(atPath: copy + "/preprocessor_config.json")
    let config = copy + "/config.json"
    let text = try String(contentsOfFile: config, encoding: .utf8)
      .replacing("\"image_size\": 16", with: "\"image_size\": 8000")
    try Data(text.utf8).write(to: URL(fileURLWithPath: config))
    let error = #expect(throws: InputError.self) { try CheckpointReading(copy) }
    #expect(error?.problem.contains("patches are too many") == true, "\(error?.problem ?? "")")
  }

  /// Rotary positions without a learned table of frequencies leave no trace in the weights.
  @Test(arguments: [
    "vit_small_patch16_rope_ape_224", "vit_base_patch16_rpn_224", "vit_pe_core_base_patch16_224",
    "eva02_base_patch14_224",
  ])
  func refusesWhatOnlyTheNameTells(_ architecture: String) throws {
    let source = CheckpointGoldens.path("timm_vit")
    let copy = folder.file(architecture)
    try FileManager.default.copyItem(atPath: source, toPath: copy)
    let config = copy + "/config.json"
    let text = try String(contentsOfFile: config, encoding: .utf8)
    let stated = try #require(try JSON.parse(contentsOf: config)["architecture"]?.string)
    let changed = text.replacingOccurrences(of: stated, with: architecture)
    try Data(changed.utf8).write(to: URL(fileURLWithPath: config))
    let error = #expect(throws: InputError.self) { try CheckpointReading(copy) }
    #expect(error?.problem.contains("is the timm model '\(architecture)'") == true)
  }

  /// Networks of other channels than a picture has, wherever they are asked for.
  @Test(arguments: [2, 4, 6, 13])
  func refusesOtherChannels(_ channels: Int) throws {
    let embedding = "patch_embed.proj.weight"
    let message = try refusal(
      "timm_registers.safetensors", adding: [(embedding, [24, channels, 4, 4])],
      without: [embedding])
    #expect(message.contains("reads \(channels) channels"))
    let stem = try refusal(
      "resnet_basic.pth", adding: [("conv1.weight", [4, channels, 7, 7])], without: ["conv1.weight"]
    )
    #expect(stem.contains("reads \(channels) channels"))
  }

  /// Values of other types, which must not become the family's usual ones.
  static let wrongTypes: [(String, String, JSON, String)] = [
    ("hf_vit", "num_attention_heads", "3", "not a whole number"),
    ("hf_vit", "hidden_size", 24.5, "not a whole number"),
    ("hf_vit", "image_size", ["16", "16"], "not one or two whole numbers"),
    ("hf_dinov2", "use_swiglu_ffn", "false", "not true or false"),
    ("hf_dinov2", "hidden_act", 3, "not a text"), ("hf_clip", "vision_config", 3, "not a mapping"),
    ("timm_vit", "model_args", "none", "not a mapping"),
    ("hf_resnet", "layer_type", 1, "not a text"),
    ("hf_resnet", "hidden_sizes", [8, "16"], "not a list of whole numbers"),
    ("hf_resnet", "hidden_sizes", 64, "not a list of whole numbers"),
    ("hf_resnet", "depths", [2, 2.5, 2, 2], "not a list of whole numbers"),
    ("hf_resnet", "downsample_in_bottleneck", 0, "not true or false"),
  ]

  @Test(arguments: wrongTypes)
  func refusesValuesOfTheWrongType(
    _ golden: String, _ key: String, _ value: JSON, _ words: String
  ) throws {
    let copy = folder.file(UUID().uuidString)
    try FileManager.default.copyItem(atPath: CheckpointGoldens.path(golden), toPath: copy)
    let config = copy + "/config.json"
    var members = try #require(try JSON.parse(contentsOf: config).object)
    members[key] = value
    try Data(JSON.object(members).text(pretty: true).utf8).write(to: URL(fileURLWithPath: config))
    let error = #expect(throws: InputError.self) { try CheckpointReading(copy) }
    #expect(error?.problem.contains("as '\(key)', \(words)") == true, "\(error?.problem ?? "")")
  }

  /// A number that is none must not become the family's usual one.
  @Test(arguments: ["layer_norm_eps", "rope_theta"])
  func refusesSettingsOfTheWrongType(_ key: String) throws {
    let copy = folder.file("typed-\(key)")
    try FileManager.default.copyItem(atPath: CheckpointGoldens.path("hf_dinov3"), toPath: copy)
    let config = copy + "/config.json"
    var members = try #require(try JSON.parse(contentsOf: config).object)
    members[key] = "abc"
    try Data(JSON.object(members).text(pretty: true).utf8).write(to: URL(fileURLWithPath: config))
    let error = #expect(throws: InputError.self) { try CheckpointReading(copy) }
    #expect(error?.problem.contains("a string as '\(key)', not a number") == true)
  }
}
