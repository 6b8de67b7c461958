import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Weights beside a network that change what it computes.
@Suite struct AdaptersTests {
  private let folder = TemporaryFolder()

  private func write(adding names: [String], without removed: String? = nil) throws -> String {
    let archive = try openCheckpoint(CheckpointGoldens.path("timm_registers.safetensors"))
    var tensors = try archive.names.filter { removed.map($0.hasPrefix) != true }
      .map { (name: "model." + $0, tensor: try archive.floats($0)) }
    tensors += names.map { (name: $0, tensor: Tensor([1, 4, 24])) }
    let path = folder.file(UUID().uuidString + ".safetensors")
    try writeSafetensors(tensors, to: path)
    return path
  }

  private func read(_ path: String) throws -> CheckpointReading {
    var options = CheckpointOptions()
    options.heads = 3
    return try CheckpointReading(path, options: options)
  }

  @Test(arguments: [
    ("lora_A.0.weight", "LoRA"), ("model.lora_B.weight", "LoRA"), ("w_As.0.weight", "LoRA"),
    ("w_Bs.3.weight", "LoRA"), ("w_a_000", "LoRA"), ("model.lora.layers.0.lora_a", "LoRA"),
    ("qkv_lora.weight", "LoRA"), ("hada_w1_a", "LoRA"), ("vera_lambda_b", "LoRA"),
    ("oft_R.weight", "updates"), ("bias_delta.0", "updates"), ("bitfit.bias", "updates"),
    ("adapters.0.down_proj.weight", "adapters"), ("model.adaptmlp.0.up_proj.weight", "adapters"),
    ("adapter_0.weight", "adapters"), ("interactions.0.injector.gamma", "adapters"),
    ("model.ssf_scale_1", "scales"), ("ssf.0.scale", "scales"), ("ia3_l", "scales"),
    ("model.prompt_embeddings", "prompt tokens"), ("deep_prompt_embeddings", "prompt tokens"),
    ("model.prompt_tokens", "prompt tokens"), ("visual_prompt.weight", "prompt tokens"),
    ("prompt.prompt", "prompt tokens"), ("vpt.0", "prompt tokens"),
  ])
  func refusesThemByName(_ name: String, _ kind: String) throws {
    let path = try write(adding: [name])
    let error = #expect(throws: InputError.self) { try read(path) }
    #expect(error?.problem.contains("'\(name)'") == true, "\(error?.problem ?? "")")
    #expect(error?.problem.contains(kind) == true, "\(error?.problem ?? "")")
  }

  /// A token that nobody knows, at the side of the class token.
  @Test func refusesUnknownTokens() throws {
    let path = try write(adding: ["model.memory_tokens"])
    let error = #expect(throws: InputError.self) { try read(path) }
    #expect(error?.problem.contains("'memory_tokens' has no place") == true)
  }

  /// PEFT's files hold the network under other names, or not at all.
  @Test func saysThatAFileHoldsAdaptersAlone() throws {
    let path = try write(
      adding: ["base_model.model.blocks.0.attn.qkv.lora_A.weight"], without: "blocks")
    let error = #expect(throws: InputError.self) { try read(path) }
    #expect(error?.problem.contains("LoRA") == true)
    #expect(error?.remedy.contains("merge_and_unload") == true)
  }

  /// What belongs to a decoder, to the texts or to another network changes nothing.
  @Test func allowsThemElsewhere() throws {
    let path = try write(adding: [
      "mask_decoder.adapter.weight", "prompt_encoder.weight", "text_model.layers.0.lora_A.weight",
      "prompt_learner.ctx", "model.mask_token", "model.decoder_mask_token",
      "model.projector.0.weight",
      "model.adaptive_pool.weight", "decoder_prompt.decoder.weight",
    ])
    #expect(throws: Never.self) { try read(path) }
  }
}
