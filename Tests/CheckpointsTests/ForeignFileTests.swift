import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Files and folders that are no checkpoints, or not yet: each is called what it is.
@Suite struct ForeignFileTests {
  private let folder = TemporaryFolder()

  private func write(_ content: [UInt8], to name: String) throws -> String {
    let path = folder.file(name)
    let parent = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(content).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func refusal(_ path: String) -> InputError? {
    #expect(throws: InputError.self) { try openCheckpoint(path) }
  }

  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:4665ab6ab6a7b3e5a7e0a1e8a0b5e5a0e7b0f4f5a0b1c2d3e4f5a6b7c8d9e0f1
    size 343279349

    """

  @Test(arguments: [
    ("vit.pth", Self.pointer, "Git LFS pointer"),
    ("model.safetensors", Self.pointer, "Git LFS pointer"),
    ("vit.pth", "\n  <!DOCTYPE html>\n<html><head>", "web page"),
    ("vit.pt", "<html lang=en>", "web page"),
    ("vit.safetensors", "<!doctype html><html><body>Sign in</body></html>", "web page"),
    ("vit.bin", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML"),
    ("vit.bin", "{\"error\": \"Invalid username or password.\"}", "JSON"),
    ("notes.txt", "These are my notes about the run.", "text file"), ("empty.pth", "", "empty"),
    ("a.gguf", "GGUF0000000000000000000", "GGUF"),
    ("vit.onnx", "\u{8}\u{7}\u{12}\u{7}pytorch, and so on", "ONNX"),
    ("flax_model.msgpack", "\u{1}\u{2}vit and embeddings", "Flax"),
    ("a.parquet", "PAR1xxxxxxxxxxxxxxxxxxxxxxxx", "Parquet"),
    // pickle.dump(…, protocol=0) and 1 of a dictionary, and torch.save(…, pickle_protocol=0) of old.
    ("vit.pkl", "(dp0\nVcls_token\np1\ncnumpy._core.multiarray\n", "protocol 0 or 1"),
    ("vit.pkl", "}q\0(X\u{9}\0\0\0cls_tokenq\u{1}cnumpy", "protocol 0 or 1"),
    ("vit.pth", "L119547037146038801333356L\n.I1001\n.(dp0\n", "protocol 0 or 1"),
    ("vit.pth", "ccollections\nOrderedDict\np0\n(tRp1\n", "protocol 0 or 1"),
  ])
  func namesTexts(_ name: String, _ content: String, _ what: String) throws {
    let error = refusal(try write(Array(content.utf8), to: name))
    #expect(error?.problem.contains(what) == true, "\(error?.errorDescription ?? "")")
    #expect(error?.remedy.isEmpty == false)
  }

  @Test(
    arguments: [
      ([0x1f, 0x8b, 8, 0], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
      ([0x42, 0x5a, 0x68, 0x39], "bzip2"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz"), ([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], "PNG"),
      ([0xff, 0xd8, 0xff, 0xe0], "JPEG"), ([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10], "HDF5"),
      ([UInt8](repeating: 0, count: 257) + Array("ustar".utf8), "tar archive"),
    ] as [([UInt8], String)])
  func namesBinaries(_ start: [UInt8], _ what: String) throws {
    let error = refusal(try write(start + [UInt8](repeating: 0xfe, count: 600), to: "file.pth"))
    #expect(error?.problem.contains(what) == true, "\(error?.errorDescription ?? "")")
  }

  @Test(arguments: [
    ([".metadata", "__0_0.distcp"], "distributed checkpoint", "dcp_to_torch"),
    (["adapter_model.safetensors", "adapter_config.json"], "adapters alone", "merge"),
    (["flax_model.msgpack", "config.json"], "another framework", "safetensors"),
    (["model-00001-of-00002.safetensors"], "without their index", "index.json"),
    (["saved_model.pb"], "TensorFlow", "safetensors"), (["best.pth"], "usual names", "best.pth"),
    (["zero_pp_rank_0_mp_rank_00_model_states.pt"], "ZeRO-3", "zero_to_fp32.py"),
    (
      ["mp_rank_00_model_states.pt", "mp_rank_01_model_states.pt"], "2 model-parallel parts", "join"
    ),
    (["checkpoint-500/model.safetensors"], "checkpoint-500", "give one"),
    ([], "holds no weights", "config.json"),
  ])
  func namesFolders(_ files: [String], _ problem: String, _ remedy: String) throws {
    let name = UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: folder.file(name), withIntermediateDirectories: true)
    for file in files { _ = try write([1], to: name + "/" + file) }
    let error = refusal(folder.file(name))
    #expect(error?.problem.contains(problem) == true, "\(error?.errorDescription ?? "")")
    #expect(error?.remedy.contains(remedy) == true, "\(error?.errorDescription ?? "")")
  }

  /// DeepSpeed's folder: the network is in one file of the last step.
  @Test func readsADeepSpeedFolder() throws {
    let data = try Data(
      contentsOf: URL(fileURLWithPath: CheckpointGoldens.path("timm_no_class.pth")))
    _ = try write([UInt8](data), to: "run/global_step7/mp_rank_00_model_states.pt")
    _ = try write([1], to: "run/global_step7/zero_pp_rank_0_mp_rank_00_optim_states.pt")
    _ = try write(Array("global_step7\n".utf8), to: "run/latest")
    for name in ["run", "run/global_step7"] {
      var options = CheckpointOptions()
      options.heads = 3
      let description = try CheckpointReading(folder.file(name), options: options).description
      #expect(description.family == "mae")
      #expect(try checkpointHash(folder.file(name)) == SHA256.hex(of: data))
    }
  }

  /// Families that are known and not read are called by their names.
  @Test(arguments: [
    (["layers.0.blocks.0.attn.relative_position_bias_table"], "Swin"),
    (["stages.0.blocks.0.conv_dw.weight"], "ConvNeXt"),
    (["stages.0.blocks.0.conv_dw.weight", "stages.0.blocks.0.mlp.grn.weight"], "ConvNeXt V2"),
    (["blocks.0.attn.qkv.weight", "blocks.2.proj.weight", "pos_embed_window"], "Hiera"),
    (["conv_stem.weight"], "EfficientNet or MobileNet"),
    (["stages.0.blocks.0.conv.conv1_1x1.weight"], "MaxViT or CoAtNet"),
  ])
  func namesFamiliesThatAreNotRead(_ names: [String], _ family: String) throws {
    let path = folder.file(UUID().uuidString + ".safetensors")
    try writeSafetensors(names.map { (name: "state_dict." + $0, tensor: Tensor([2])) }, to: path)
    let error = #expect(throws: InputError.self) { try CheckpointReading(path) }
    #expect(
      error?.problem.contains(family + ",") == true
        || error?.problem.contains("is a " + family) == true, "\(error?.problem ?? "")")
  }
}
