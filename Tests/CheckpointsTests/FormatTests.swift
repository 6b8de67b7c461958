import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Files that PyTorch, NumPy and safetensors wrote (Tests/Goldens/checkpoint_formats.py).
@Suite struct FormatTests {
  private func open(_ name: String) throws -> TensorArchive {
    try openCheckpoint(packageFolder + "/Tests/Goldens/checkpoints/formats/" + name)
  }

  /// Element `i` of every fixture: (i mod 97 − 48) / 8.
  private func pattern(_ count: Int) -> [Float] {
    (0..<count).map { Float($0 % 97 - 48) / 8 }
  }

  @Test(arguments: ["zip.pth", "legacy.th"])
  func readsWhatTorchSaves(_ file: String) throws {
    let archive = try open(file)
    let whole = pattern(24)
    #expect(try archive.floats("model.whole").array == whole)
    #expect(try archive.floats("model.row").array == Array(whole[8..<12]))
    let column: [Float] = [1, 5, 9, 13, 17, 21].map { whole[$0] }
    #expect(try archive.floats("model.column").array == column)
    let transposed = try archive.floats("model.transposed")
    #expect(transposed.shape == [4, 6])
    let turned: [Float] = (0..<24).map { whole[$0 % 6 * 4 + $0 / 6] }
    #expect(transposed.array == turned)
    #expect(try archive.floats("model.scalar").array == [-6])
    #expect(try archive.floats("model.half").array == pattern(5))
    #expect(try archive.floats("model.double").array == pattern(5))
    #expect(try archive.floats("model.long").array == [-6, -5, -5, -5, -5])
    #expect(try archive.floats("model.flags").array == [1, 0, 1])
    #expect(try archive.floats("model.parameter").array == pattern(6))
    #expect(try archive.floats("model.empty").shape == [0, 3])
    #expect(archive.entry("brain")?.type == .bfloat16)
    #expect(try archive.floats("brain").array == pattern(4))
    #expect(try archive.floats("history").array == [0, 1, 2, 3, 4, 5])
    #expect(try archive.floats("column_major").array == [0, 1, 2, 3, 4, 5])
    #expect(try archive.floats("optimizer.state.0.exp_avg").array == pattern(6))
  }

  @Test(arguments: ["zip.pth", "legacy.th"])
  func keepsWhatIsNoTensor(_ file: String) throws {
    let metadata = try open(file).metadata
    #expect(metadata["epoch"]?.int == 7)
    #expect(metadata["best"]?.double == 0.5)
    #expect(metadata["count"]?.int == 12)
    #expect(metadata["args"]?["name"]?.string == "tiny")
    #expect(metadata["args"]?["betas"]?[1]?.double == 0.95)
    #expect(metadata["args"]?["folder"]?.string == "a/b")
    #expect(metadata["size"] == [2, 3])
    #expect(metadata["dtype"]?.string == "torch.float16")
    #expect(metadata["counts"]?["a"]?.int == 1)
    #expect(metadata["nothing"]?.isNull == true)
    #expect(metadata["optimizer"]?["param_groups"]?[0]?["lr"]?.double == 1e-3)
  }

  @Test func readsOtherByteOrdersAndProtocols() throws {
    #expect(try open("big_endian_deflated.pt").floats("state_dict.x").array == pattern(15))
    #expect(try open("protocol4.pt").floats("x").array == pattern(15))
    let five = try open("protocol5.pt")
    #expect(try five.floats("x").array == [0, 1, 2, 3])
    #expect(try five.floats("y").array == pattern(2))
  }

  @Test func readsNumPy() throws {
    let stored = try open("stored.npz")
    #expect(stored.format == "npz")
    #expect(try stored.floats("whole").array == pattern(24))
    #expect(try stored.floats("half").array == pattern(5))
    #expect(try open("deflated.npz").floats("whole").array == pattern(24))
    let array = try open("array.npy").floats("array")
    #expect(array.shape == [2, 3])
    #expect(array.array == pattern(6))
  }

  @Test func readsSafetensorsOfPython() throws {
    let archive = try open("types.safetensors")
    #expect(try archive.floats("brain").array == pattern(4))
    #expect(try archive.floats("half").array == pattern(5))
    #expect(try archive.floats("flags").array == [1, 0, 1])
    #expect(try archive.floats("scalar").shape == [])
  }

  @Test(arguments: ["sharded", "sharded/model.safetensors.index.json"])
  func readsShards(_ path: String) throws {
    let archive = try open(path)
    #expect(Set(archive.names) == ["a", "b"])
    #expect(try archive.floats("b").array == pattern(4))
    #expect(archive.metadata["config"]?["model_type"]?.string == "none")
  }

  @Test(.enabled(if: RealData.has("checkpoints"), "the published ResNet-20 is not on this machine"))
  func readsAPublishedLegacyFile() throws {
    let folder = try #require(RealData.folder("checkpoints"))
    let archive = try openCheckpoint(folder + "/resnet20-cifar10.th")
    #expect(archive.format == "pytorch-legacy")
    #expect(archive.entry("state_dict.module.conv1.weight")?.shape == [16, 3, 3, 3])
    #expect(archive.names.contains("state_dict.module.linear.bias"))
    // Its README: 8.27 % test error.
    let accuracy = try #require(archive.metadata["best_prec1"]?.double)
    #expect(abs(accuracy - 91.73) < 0.1)
  }

  @Test func namesTheNearestTensor() throws {
    let archive = try open("protocol4.pt")
    let error = #expect(throws: InputError.self) { try archive.floats("xx") }
    #expect(error?.remedy.contains("x") == true)
  }

  @Test func refusesWhatIsNoCheckpoint() throws {
    let folder = TemporaryFolder()
    for (name, content, words) in [
      ("a.pth", "", "ends after 0 bytes"), ("b.pth", "hello, this is a text file", "no known"),
      ("c.safetensors", "1234", "ends after 4 bytes"),
    ] {
      try Data(content.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
      let error = #expect(throws: InputError.self) { try openCheckpoint(folder.file(name)) }
      #expect(error?.problem.contains(words) == true, "\(String(describing: error))")
    }
    #expect(throws: InputError.self) { try openCheckpoint(folder.path) }
    #expect(throws: InputError.self) { try openCheckpoint(folder.file("absent")) }
  }

  /// A shard index may only name files beside it.
  @Test func refusesAnIndexThatLeadsOutside() throws {
    let folder = TemporaryFolder()
    let path = folder.file("model.safetensors.index.json")
    try Data(#"{"weight_map": {"a": "../secret.safetensors"}}"#.utf8)
      .write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: InputError.self) { try openCheckpoint(path) }
    #expect(error?.problem.contains("no file beside it") == true)
  }
}
