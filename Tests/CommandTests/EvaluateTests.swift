import Foundation
import Support
import TestSupport
import Testing

struct EvaluateTests {
  private let folder = TemporaryFolder()

  private func evaluate(_ arguments: [String]) throws -> Program.Result {
    try Program.run(
      ["evaluate", "pixels", "--data", "scenes", "--tasks", "knn", "--limit", "60", "--out"]
        + [folder.file("results")] + arguments, environment: ["UNMASK_CACHE": ""])
  }

  @Test func writesAReportAndKeepsWhatIsDone() throws {
    let path = folder.file("results/pixels/report.json")
    let first = try evaluate([])
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.contains("pixels") && first.output.contains("knn"))
    let report = try JSON.parse(contentsOf: path)
    #expect(report["command"]?.string?.hasPrefix("unmask evaluate pixels --data scenes") == true)
    #expect(report["tasks"]?[0]?["limited"] == true)

    let again = try evaluate([])
    #expect(again.code == 0)
    let kept = try JSON.parse(contentsOf: path)
    #expect(kept["integrity"] == report["integrity"])
    #expect(kept["tasks"]?[0]?["timing"] == report["tasks"]?[0]?["timing"])

    let fresh = try evaluate(["--fresh", "--threads", "1"])
    #expect(fresh.code == 0)
    let computed = try JSON.parse(contentsOf: path)
    #expect(computed["tasks"]?[0]?["metrics"] == report["tasks"]?[0]?["metrics"])
    #expect(try Program.run(["validate", path]).code == 0)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, "no right to mount a small file system"))
  func aFullDiskIsOneLine() throws {
    let disk = try #require(TinyDisk(bytes: 1 << 15))
    let result = try evaluate(["--tasks", "knn,linear_probe", "--out", disk.path + "/results"])
    #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.contains("the disk is full"))
  }

  @Test func namesOfOneLetterAreNames() throws {
    let scratch = TemporaryFolder()
    let commands = [
      ["evaluate", "pixels", "--data", "scenes", "--tasks", "knn", "--limit", "60", "--out", "r"],
      ["compare", "r"], ["report", "r", "--html", "p"], ["validate", "r/pixels"],
      [
        "features", "random:vit-tiny/16@32", "--data", "scenes", "--limit", "8", "--out", "f",
      ],
      [
        "pretrain", "mae-tiny", "--encoder", "vit-tiny/16@32", "--data", "scenes", "--limit", "8",
        "--epochs", "1", "--out", "c",
      ],
      ["inspect", "c"], ["convert", "c", "--out", "d"],
      ["evaluate", "c", "--data", "scenes", "--tasks", "knn", "--limit", "60", "--out", "s"],
    ]
    for command in commands {
      let result = try Program.run(command, in: scratch.path)
      #expect(result.code == 0, "\(command): \(result.errors)")
    }
  }

  @Test func anImageThatEndsEarlyIsOneLineAndNoReport() throws {
    let picture = packageFolder + "/Tests/Goldens/vision/source.png"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
    for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"] {
      let file = URL(fileURLWithPath: folder.file("pictures/" + name))
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try (name == "test/b/1.png" ? bytes.prefix(bytes.count / 2) : bytes).write(to: file)
    }
    let arguments = ["--data", "folder:" + folder.file("pictures"), "--tasks", "knn,linear_probe"]
    let result = try evaluate(arguments)
    #expect(result.code == 2)
    #expect(result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.contains("test/b/1.png") && result.errors.contains("ends early"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("results/pixels")))
  }

  @Test func dryRunWritesNoReport() throws {
    let result = try evaluate(["--dry-run"])
    #expect(result.code == 0 && result.output.contains("knn"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("results/pixels")))
  }

  @Test(arguments: [
    (["--tasks", "kn"], "did you mean 'knn'?"),
    (["--set", "knn.temprature=1"], "did you mean 'temperature'?"),
    (["--set", "probe.x=1"], "begins with none of the tasks"),
    (["--data", "scene"], "did you mean 'scenes'?"),
    (["--threads", "0"], "--threads must be from 1 to 1024, is 0"),
    (["--limit", "0"], "--limit must be at least 1, is 0"),
    (["--seed", "-1"], "--seed"),
    (["random:vit-tiny/5@32"], "patch 5 does not divide"),
    (["--out", "/proc/nowhere"], "the folder cannot be created"),
    (["absent.pth"], "there is no such file or folder"),
    (["random:vit-tiny/4@32", "--name", "x"], "--name names one checkpoint"),
  ])
  func mistakesAreOneLineAndExitTwo(arguments: [String], words: String) throws {
    let result = try evaluate(arguments)
    #expect(result.code == 2)
    #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func unwritableFolderIsOneLine() throws {
    try AtomicFile.write("x", to: folder.file("results"))
    let result = try evaluate([])
    #expect(result.code == 2)
    #expect(result.errorLines.last?.contains("is a file where a folder is needed") == true)
  }
}
