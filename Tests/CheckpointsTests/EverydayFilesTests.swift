import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Checkpoints in the forms that people have (Tests/Goldens/checkpoint_everyday.py).
@Suite struct EverydayFilesTests {
  private let folder = TemporaryFolder()

  private func path(_ name: String) -> String { CheckpointGoldens.path("everyday/" + name) }

  private func options() -> CheckpointOptions {
    var options = CheckpointOptions()
    options.heads = 3
    return options
  }

  private func tokens(_ encoder: any Encoder, _ images: Tensor) -> Tensor {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let input = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    let node = encoder.encode(EncoderInput(input), in: graph).sequence
    let result = Tensor(node.shape)
    result.data.update(from: node.data, count: node.count)
    return result
  }

  @Test(arguments: [
    ("module.pt", "pytorch-zip"), ("traced.pt", "torchscript"), ("tensors4.pkl", "pickle"),
    ("opaque.ckpt", "pytorch-zip"), ("augreg.npz", "npz"), ("big_vision.npz", "npz"),
  ])
  func givesTheSameTokens(_ file: String, _ format: String) throws {
    let goldens = try CheckpointGoldens()
    let loaded = try loadCheckpoint(path(file), options: options())
    #expect(loaded.description.format == format)
    let ours = tokens(loaded.encoder, try goldens.images(side: 16))
    let theirs = try goldens.expected("everyday/16/tokens")
    #expect(ours.shape == theirs.shape)
    #expect(largestRelativeDifference(ours, from: theirs) < 1e-4)
    let head = try #require(loaded.head)
    let rows = Tensor(
      [2, 24], (0..<2).flatMap { image in (0..<24).map { ours.data[image * 17 * 24 + $0] } })
    let logits = try goldens.expected("everyday/16/logits")
    #expect(largestRelativeDifference(head.scores(rows.data, images: 2), from: logits) < 1e-4)
  }

  /// The number of heads is seen in JAX's biases.
  @Test(arguments: ["augreg.npz", "big_vision.npz"])
  func seesTheHeadsOfJAX(_ file: String) throws {
    let architecture = try CheckpointReading(path(file)).plan.architecture
    let configuration = try #require(architecture as? VisionTransformerConfiguration)
    #expect(configuration.heads == 3)
  }

  // MARK: Pickles

  private func pattern(_ count: Int) -> [Float] { (0..<count).map { Float($0) } }

  @Test func readsPlainPickles() throws {
    let tensors = try openCheckpoint(path("tensors2.pkl"))
    #expect(try tensors.floats("model.x").array == pattern(15))
    #expect(try tensors.floats("model.y").array == pattern(4))
    #expect(tensors.metadata["epoch"]?.int == 3)
    let arrays = try openCheckpoint(path("arrays.pkl"))
    #expect(arrays.format == "pickle")
    #expect(try arrays.floats("model.x").array == pattern(15))
    #expect(arrays.metadata["__author__"]?.string == "us")
  }

  /// Whatever classes stand beside the weights: they are found, and the names are listed.
  @Test(arguments: ["opaque2.ckpt", "opaque.ckpt"])
  func readsSettingsOfAnyClass(_ file: String) throws {
    let archive = try openCheckpoint(path(file))
    if file == "opaque2.ckpt" { #expect(try archive.floats("state_dict.x").array == pattern(15)) }
    let names = archive.opaqueNames
    for name in [
      "pytorch_lightning.callbacks.early_stopping.EarlyStopping", "project.train.Settings",
      "project.train.Stage", "functools.partial", "torch.nn.modules.loss.CrossEntropyLoss",
      "argparse.Namespace", "project.train.loss",
    ] { #expect(names.contains(name), "\(name) of \(names)") }
    #expect(!names.contains { $0.hasPrefix("collections.OrderedDict") })
    let metadata = archive.metadata
    #expect(metadata["callbacks"]?["EarlyStopping"]?["patience"]?.int == 3)
    #expect(metadata["settings"]?["lr"]?.double == 0.1)
    #expect(metadata["config"]?["nested"]?["depth"]?.int == 2)
    #expect(metadata["config"]?["attribute"]?.int == 7)
    #expect(metadata["range"] == [0, 6, 2])
    #expect(metadata["path"]?.string == "a/b")
    #expect(metadata["args"]?["size"] == [2])
    #expect(metadata["seed"]?.string == "9223372036854775813")
    #expect(metadata["huge"]?.string == "9223372036854775808")
    #expect(metadata["int32"]?.int == 16_777_217)
    #expect(metadata["uint32"]?.int == 4_294_967_295)
    #expect(metadata["counter"]?["a"]?.int == 2)
    #expect(try archive.floats("module.0.weight").shape == [2, 2])
    #expect(try archive.floats("callbacks.EarlyStopping.best").array == [0.25])
    #expect(archive.names.contains { $0.hasPrefix("partial.") })
  }

  @Test func readsAStateDictionaryOfAnotherClass() throws {
    let archive = try openCheckpoint(path("subclass.pth"))
    #expect(try archive.floats("state_dict.x").array == pattern(15))
  }

  @Test(arguments: ["odd.pth", "odd_legacy.pth"])
  func passesOverTensorsThatCannotBeRead(_ file: String) throws {
    let archive = try openCheckpoint(path(file))
    #expect(try archive.floats("model.x").array == pattern(15))
    let odd = Dictionary(archive.oddTensors.map { ($0.name, $0.type) }) { first, _ in first }
    #expect(odd["odd.complex"] == "torch.ComplexFloatStorage")
    #expect(odd["odd.quantised"] == "qtensor")
    guard file == "odd.pth" else { return }
    #expect(odd["odd.float8"]?.contains("float8_e4m3fn") == true)
    #expect(odd["odd.sparse"] == "sparse_tensor")
    #expect(odd["odd.nested.0.deep"] != nil)
  }

  /// An encoder whose weights are of such a type is refused with the reason.
  @Test func saysWhichTypeCannotBeRead() throws {
    let header = """
      {"patch_embed.proj.weight": {"dtype": "F8_E4M3", "shape": [1, 1], "data_offsets": [0, 1]},
       "x": {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}}
      """
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
    bytes += Array(header.utf8) + [0, 0, 0, 0x80, 0x3f]
    let file = folder.file("float8.safetensors")
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    #expect(try openCheckpoint(file).floats("x").array == [1])
    let error = #expect(throws: InputError.self) { try CheckpointReading(file) }
    #expect(error?.problem.contains("of a type that cannot be read (F8_E4M3)") == true)
  }

  // MARK: Names

  /// A golden with its tensors renamed, or some of them.
  private func renamed(_ golden: String, _ rename: (String) -> String) throws -> String {
    let archive = try openCheckpoint(CheckpointGoldens.path(golden))
    let tensors = try archive.names.map { (name: rename($0), tensor: try archive.floats($0)) }
    let file = folder.file(UUID().uuidString + ".safetensors")
    try writeSafetensors(tensors, to: file)
    return file
  }

  private func check(_ file: String, gives golden: String) throws {
    let goldens = try CheckpointGoldens()
    let loaded = try loadCheckpoint(file, options: options())
    let ours = tokens(loaded.encoder, try goldens.images(side: 16))
    let theirs = try goldens.expected("\(golden)/16/tokens")
    #expect(largestRelativeDifference(ours, from: theirs) < 1e-4)
  }

  @Test(arguments: [
    ("blocks.", "blocks._orig_mod."), ("blocks.0.", "blocks.0._checkpoint_wrapped_module."),
    ("blocks.1.attn.", "blocks.1._fsdp_wrapped_module.attn._fsdp_wrapped_module."),
    ("patch_embed.", "patch_embed._orig_mod."), ("blocks.0.", "blocks.0.module."),
    ("", "_forward_module._orig_mod.module."), ("", "state_dict.model._orig_mod.module."),
    ("blocks.0.mlp.", "blocks.0._fsdp_wrapped_module._checkpoint_wrapped_module.mlp."),
  ])
  func looksThroughWrappers(_ plain: String, _ wrapped: String) throws {
    let file = try renamed("timm_registers.safetensors") { name in
      name.hasPrefix(plain) ? wrapped + name.dropFirst(plain.count) : name
    }
    try check(file, gives: "timm_registers")
  }

  /// DINOv2 in training: blocks numbered through, or anew in each chunk, below FSDP.
  @Test(arguments: [
    ("blocks.0.0.", "blocks.1.1."), ("blocks.0.0.", "blocks.1.0."), ("blocks.0.0.", "blocks.0.1."),
    ("blocks.0._fsdp_wrapped_module.0.", "blocks.1._fsdp_wrapped_module.1."),
  ])
  func readsBlocksInChunks(_ first: String, _ second: String) throws {
    let file = try renamed("dinov2.pth") { name in
      let inner = name.replacing("blocks.0.", with: first).replacing("blocks.1.", with: second)
      return "teacher.backbone."
        + (name.hasPrefix("blocks.1.") ? name.replacing("blocks.1.", with: second) : inner)
    }
    try check(file, gives: "dinov2")
  }

  // MARK: Which network

  @Test(arguments: [
    (["state_dict", "state_dict_ema"], "state_dict_ema"), (["model", "model_ema"], "model"),
    (["student_backbone", "teacher_backbone"], "teacher_backbone"),
    (["student.backbone", "teacher.backbone"], "teacher.backbone"),
    (["online_encoder", "target_encoder"], "online_encoder"),
    (["online_network", "target_network"], "online_network"),
    (["encoder", "target_encoder"], "target_encoder"),
    (["state_dict.backbone", "state_dict.momentum_backbone"], "state_dict.backbone"),
    (["backbone", "backbone_momentum"], "backbone"), (["encoder_q", "encoder_k"], "encoder_q"),
    (["query_encoder", "key_encoder"], "query_encoder"),
    (["state_dict", "ema_state_dict"], "state_dict"),
  ])
  func takesTheNetworkThatIsEvaluated(_ branches: [String], _ taken: String) throws {
    let archive = try openCheckpoint(CheckpointGoldens.path("timm_registers.safetensors"))
    let tensors = try branches.flatMap { branch in
      try archive.names.map { (name: "\(branch).\($0)", tensor: try archive.floats($0)) }
    }
    let file = folder.file(UUID().uuidString + ".safetensors")
    try writeSafetensors(tensors, to: file)
    let description = try CheckpointReading(file, options: options()).description
    #expect(description.branch == taken)
    #expect(description.notes.first?.contains("took '\(taken)'") == true)
  }

  // MARK: Sizes

  /// A network whose weights are all views of a few bytes, packed or not: refused before anything is unpacked.
  @Test func refusesAFileThatRepeatsItself() throws {
    let width = 512
    let shapes: [(String, [Int])] =
      (0..<40).flatMap { block -> [(String, [Int])] in
        let own = "blocks.\(block)."
        return [
          (own + "norm1.weight", [width]), (own + "norm1.bias", [width]),
          (own + "norm2.weight", [width]), (own + "norm2.bias", [width]),
          (own + "attn.qkv.weight", [3 * width, width]), (own + "attn.qkv.bias", [3 * width]),
          (own + "attn.proj.weight", [width, width]), (own + "attn.proj.bias", [width]),
          (own + "mlp.fc1.weight", [4 * width, width]), (own + "mlp.fc1.bias", [4 * width]),
          (own + "mlp.fc2.weight", [width, 4 * width]), (own + "mlp.fc2.bias", [width]),
        ]
      } + [
        ("cls_token", [1, 1, width]), ("pos_embed", [1, 5, width]), ("norm.weight", [width]),
        ("norm.bias", [width]), ("patch_embed.proj.weight", [width, 3, 8, 8]),
        ("patch_embed.proj.bias", [width]),
      ]
    let file = folder.file("shared.pth")
    try Self.writeShared(shapes, elements: 4 * width * width, to: file)
    let error = #expect(throws: InputError.self) { try CheckpointReading(file) }
    #expect(error?.problem.contains("bytes of weights") == true, "\(error?.problem ?? "")")
  }

  /// A PyTorch file whose tensors all begin at the start of one storage of zeros.
  private static func writeShared(
    _ tensors: [(String, [Int])], elements: Int, to path: String
  ) throws {
    func text(_ value: String) -> [UInt8] {
      [0x58] + withUnsafeBytes(of: UInt32(value.utf8.count).littleEndian, Array.init)
        + Array(value.utf8)
    }
    func number(_ value: Int) -> [UInt8] {
      [0x4a] + withUnsafeBytes(of: Int32(value).littleEndian, Array.init)
    }
    func tuple(_ values: [Int]) -> [UInt8] { [0x28] + values.flatMap(number) + [0x74] }
    var pickle: [UInt8] = [0x80, 2, 0x7d, 0x28]
    for (name, shape) in tensors {
      var strides = [Int](repeating: 1, count: shape.count)
      for axis in shape.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * shape[axis + 1]
      }
      pickle += text(name) + Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
      pickle += text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu")
      pickle += number(elements) + [0x74, 0x51] + number(0) + tuple(shape) + tuple(strides)
      pickle += [0x89, 0x7d, 0x74, 0x52]
    }
    pickle += [0x75, 0x2e]
    let zeros = [UInt8](repeating: 0, count: 4 * elements)
    let file = ZipBuilder.bytes([
      .init(name: "a/data.pkl", data: pickle), .init(name: "a/data/0", data: zeros, checksum: 0),
    ])
    try Data(file).write(to: URL(fileURLWithPath: path))
  }

  @Test func readsTensorsThatShareAStorage() throws {
    let archive = try openCheckpoint(path("shared.pth"))
    #expect(archive.names.count == 50)
    #expect(try archive.floats("x3").array == (0..<8).map { Float($0 + 3) })
  }
}
