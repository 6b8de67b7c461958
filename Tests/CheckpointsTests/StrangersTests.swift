import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Networks whose weights have the names of a plain one, and that compute something else, are refused.
@Suite struct StrangersTests {
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
    ("blocks.0.attn.rel_pos_h", [7, 8]), ("blocks.1.attn.q_norm.weight", [8]),
    ("blocks.0.attn.qkv.lora_A.weight", [4, 24]),
    ("patch_embed.backbone.conv1.weight", [4, 3, 3, 3]),
    ("rope.freqs", [2, 3, 4]), ("blocks.2.attn.qkv.weight", [72, 24]),
  ])
  func refusesWeightsInTheMidstOfThoseItReads(_ name: String, _ shape: [Int]) throws {
    let message = try refusal("timm_registers.safetensors", adding: [(name, shape)])
    #expect(message.contains("'\(name)' has no place in a network of family 'timm-vit'"))
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
}
