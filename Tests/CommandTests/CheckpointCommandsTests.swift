import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// `inspect`, `convert` and `features` on small files of other people's formats.
struct CheckpointCommandsTests {
  private let folder = TemporaryFolder()
  private let goldens = packageFolder + "/Tests/Goldens/checkpoints"

  @Test func inspectSaysWhatItIs() throws {
    let result = try Program.run(["inspect", goldens + "/hf_mae", "--keys"])
    #expect(result.code == 0 && result.errors.isEmpty)
    for words in ["family      hf-vit", "parameters  11,400", "ignored     decoder."] {
      #expect(result.output.contains(words))
    }
    let json = try Program.run(["inspect", goldens + "/hf_mae", "--json"])
    let parsed = try JSON.parse(Data(json.output.utf8), from: "output")
    #expect(parsed["parameters"] == 11_400)
    #expect(parsed["sha256"]?.string?.count == 64)
  }

  /// `inspect`, the report and the comparison say what is seen of pictures.
  @Test func howPicturesAreSeenCanBeSaid() throws {
    let mae = goldens + "/hf_mae"
    let plain = try Program.run(["inspect", mae])
    #expect(
      plain.output.contains("pictures    short side to 16 px (bicubic), centre 16×16, mean 0.485"))
    let settings = ["--set", "checkpoint.resize=squash", "--set", "checkpoint.mean=[0.1,0.2,0.3]"]
    let said = try Program.run(["inspect", mae] + settings)
    #expect(
      said.output.contains("pictures    squashed to 16×16 (bicubic), whole, mean 0.1 0.2 0.3"))
    let results = folder.file("pictures")
    let run = ["--data", "scenes", "--tasks", "knn", "--limit", "60", "--out", results]
    let cut = ["--set", "checkpoint.crop=0.8"]
    #expect(try Program.run(["evaluate", mae, "pixels"] + run + cut).code == 0)
    let twin = try Program.run(["evaluate", "random:vit-tiny/16@32"] + run)
    #expect(twin.code == 0, "\(twin.errors)")
    let report = try JSON.parse(contentsOf: results + "/pixels/report.json")
    #expect(report["checkpoint"]?["preprocessing"]?["crop_ratio"]?.double == 0.8)
    let compared = try Program.run(["compare", results])
    for words in ["Not all looked at the same pictures", "20 px", "40 px", "32 px"] {
      #expect(compared.output.contains(words), "\(compared.output)")
    }
    let wrong = try Program.run(["inspect", mae, "--set", "checkpoint.resize=stretch"])
    #expect(wrong.code == 2 && wrong.errorLines.count == 1)
  }

  @Test(arguments: [
    (["inspect", "/absent.pth"], "there is no such file or folder"),
    (["inspect", "README.md"], "known checkpoint format"),
    (["inspect", "hf_mae", "--set", "checkpoint.map=hf-vitt"], "did you mean 'hf-vit'?"),
    (["inspect", "hf_mae", "--set", "checkpoint.sid=32"], "did you mean 'checkpoint.side'?"),
    (["inspect", "hf_mae", "--set", "checkpoint.activation=glu"], "did you mean 'gelu'?"),
    (["inspect", "hf_mae", "--set", "checkpoint.heads=0"], "checkpoint.heads"),
    (["inspect", "hf_mae", "--set", "side=32"], "is not about the checkpoint"),
    (["evaluate", "README.md", "--data", "scenes", "--tasks", "knn"], "known checkpoint format"),
  ])
  func mistakesAreOneLineAndExitTwo(arguments: [String], words: String) throws {
    let paths = arguments.map { $0 == "hf_mae" ? goldens + "/hf_mae" : $0 }
    let result = try Program.run(paths + (paths[0] == "evaluate" ? ["--out", folder.path] : []))
    #expect(result.code == 2 && result.output.isEmpty)
    #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
  }

  /// The file is still being hashed when its refusal ends the program.
  @Test func leavingWhileAFileIsHashedIsNoCrash() throws {
    for _ in 0..<20 {
      let result = try Program.run([
        "evaluate", "README.md", "--data", "scenes", "--tasks", "knn", "--out", folder.path,
      ])
      #expect(result.code == 2 && result.errorLines.count == 1)
    }
  }

  @Test func convertedCheckpointsGiveTheSameFeatures() throws {
    let converted = folder.file("converted")
    #expect(try Program.run(["convert", goldens + "/hf_mae", "--out", converted]).code == 0)
    #expect(try Program.run(["convert", goldens + "/hf_mae", "--out", converted]).code == 2)
    let files = try [goldens + "/hf_mae", converted].enumerated().map { index, source in
      let path = folder.file("\(index).npy")
      let result = try Program.run([
        "features", source, "--data", "scenes", "--limit", "8", "--pool", "tokens", "--out", path,
      ])
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.output == "\(path): float32 [8, 17, 24]\n")
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(files[0] == files[1])
    #expect(files[0].count == 128 + 8 * 17 * 24 * 4)
  }

  /// A network of thirteen channels is refused in the same line by every command.
  @Test func otherChannelsAreRefusedAlike() throws {
    let archive = try openCheckpoint(goldens + "/timm_registers.safetensors")
    let tensors = try archive.names.map { name in
      let isEmbedding = name == "patch_embed.proj.weight"
      return (name: name, tensor: isEmbedding ? Tensor([24, 13, 4, 4]) : try archive.floats(name))
    }
    let path = folder.file("satellite.safetensors")
    try writeSafetensors(tensors, to: path)
    let data = ["--data", "scenes?train=20&test=20"]
    let commands = [
      ["inspect", path], ["convert", path, "--out", folder.file("out")],
      ["features", path, "--out", folder.file("x.npy")] + data,
      ["evaluate", path, "--tasks", "knn", "--out", folder.file("results")] + data,
    ]
    for command in commands {
      let result = try Program.run(command + ["--set", "checkpoint.heads=3"])
      #expect(result.code == 2, "\(result.errors)")
      #expect(result.errors.contains("reads 13 channels"), "\(result.errors)")
    }
  }

  /// A network of one channel is inspected, converted and used.
  @Test func oneChannelIsTheLuminance() throws {
    let grey = goldens + "/grey"
    let shown = try Program.run(["inspect", grey])
    #expect(shown.output.contains("L = 0.299 R + 0.587 G + 0.114 B"))
    let converted = folder.file("converted")
    #expect(try Program.run(["convert", grey, "--out", converted]).code == 0)
    let files = try [grey, converted].enumerated().map { index, source in
      let path = folder.file("grey-\(index).npy")
      let result = try Program.run([
        "features", source, "--data", "scenes", "--limit", "4", "--pool", "tokens", "--out", path,
      ])
      #expect(result.code == 0, "\(result.errors)")
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(files[0] == files[1])
    #expect(files[0].count == 128 + 4 * 17 * 24 * 4)
    let evaluated = try Program.run([
      "evaluate", grey, "--tasks", "knn", "--data", "scenes?train=40&test=20", "--out", folder.path,
    ])
    #expect(evaluated.code == 0, "\(evaluated.errors)")
  }

  /// Which of several networks was taken is said by those who use it too.
  @Test func theChoiceIsSaid() throws {
    let path = goldens + "/dino.pth"
    let heads = ["--set", "checkpoint.heads=3"]
    let features = try Program.run(
      ["features", path, "--data", "scenes", "--limit", "2", "--out", folder.file("x.npy")] + heads)
    #expect(features.code == 0)
    #expect(features.errors.contains("took 'teacher.module.backbone'"))
    let evaluated = try Program.run(
      [
        "evaluate", path, "--tasks", "knn", "--data", "scenes?train=40&test=20", "--out",
        folder.path,
      ]
        + heads)
    #expect(evaluated.code == 0)
    #expect(evaluated.errors.contains("took 'teacher.module.backbone'"))
  }

  @Test func classifiersAreScoredOrRefused() throws {
    let arguments = [
      "--tasks", "classify", "--data", "scenes?train=20&test=20", "--out", folder.path,
    ]
    let refused = try Program.run(["evaluate", goldens + "/hf_vit"] + arguments)
    #expect(refused.code == 1)
    let words = "its classifier has 5 outputs, scenes"
    #expect(refused.errorLines.first?.contains(words) == true, "\(refused.errors)")
    let path = folder.file("logits.npy")
    let result = try Program.run([
      "features", goldens + "/hf_vit", "--data", "scenes", "--limit", "3", "--pool", "logits",
      "--out", path,
    ])
    #expect(result.code == 0 && result.output == "\(path): float32 [3, 5]\n")
  }

  @Test func featuresOfTensorsDoNotDependOnThreads() throws {
    let encoder = "random:vit-tiny/8@16"
    let tensors = folder.file("images.npy")
    var content = Data([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0])
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3, 16, 16), }"
    content.append(Data(header.utf8))
    content.append(Data(repeating: 0x20, count: 117 - header.utf8.count))
    content.append(0x0a)
    for index in 0..<5 * 3 * 256 {
      withUnsafeBytes(of: Float(index % 97) / 97) { content.append(contentsOf: $0) }
    }
    try AtomicFile.write(content, to: tensors)
    let made = try ["1", "2"].map { threads in
      let path = folder.file("features-\(threads).npy")
      let result = try Program.run([
        "features", encoder, "--tensors", tensors, "--out", path, "--threads", threads, "--layer",
        "3", "--pool", "mean",
      ])
      #expect(result.code == 0, "\(result.errors)")
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(made[0] == made[1] && made[0].count == 128 + 5 * 192 * 4)
    let wrong = try Program.run([
      "features", "random:vit-tiny/4@32", "--tensors", tensors, "--out", folder.file("x.npy"),
    ])
    #expect(wrong.code == 2 && wrong.errors.contains("the encoder takes [images, 3, 32, 32]"))
  }
}
