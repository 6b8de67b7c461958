import Foundation
import Support
import TestSupport
import Testing

/// Runs of `evaluate` into one folder of results.
struct AccumulationTests {
  private let folder = TemporaryFolder()

  private func evaluate(_ arguments: [String], data: String = "scenes?train=60&test=60") throws
    -> Program.Result
  {
    try Program.run(
      ["evaluate"] + arguments + ["--data", data, "--out", folder.file("results")],
      environment: ["UNMASK_CACHE": ""])
  }

  private func entries(_ name: String) throws -> [JSON] {
    let path = folder.file("results/\(name)/report.json")
    #expect(try Program.run(["validate", path]).code == 0)
    return try #require(try JSON.parse(contentsOf: path)["tasks"]?.array)
  }

  /// A checkpoint file of a small encoder at a path.
  private func checkpoint(_ path: String, seed: Int) throws -> String {
    let made = folder.file("made-\(seed)")
    if !FileManager.default.fileExists(atPath: made) {
      let result = try Program.run([
        "pretrain", "mae-tiny", "--encoder", "vit-tiny/16@32", "--data", "scenes", "--limit", "8",
        "--epochs", "1", "--seed", "\(seed)", "--out", made,
      ])
      #expect(result.code == 0, "\(result.errors)")
    }
    let target = folder.file(path)
    try AtomicFile.createFolder(target.parentFolder)
    try FileManager.default.copyItem(atPath: made + "/model.safetensors", toPath: target)
    return target
  }

  @Test func laterTasksDataAndSeedsAdd() throws {
    #expect(try evaluate(["pixels", "--tasks", "knn"]).code == 0)
    let second = try evaluate(["pixels", "--tasks", "linear_probe"])
    #expect(second.code == 0 && second.errors.contains("kept knn"), "\(second.errors)")
    #expect(second.output.contains("knn") && second.output.contains("linear_probe"))
    #expect(try entries("pixels").compactMap { $0["task"]?.string } == ["knn", "linear_probe"])
    #expect(try evaluate(["pixels", "--tasks", "knn", "--seed", "1"]).code == 0)
    let other = "scenes?train=60&test=60&seed=1"
    #expect(try evaluate(["pixels", "--tasks", "knn"], data: other).code == 0)
    #expect(try evaluate(["pixels", "--tasks", "knn", "--fresh"]).code == 0)
    let all = try entries("pixels")
    #expect(all.compactMap { $0["task"]?.string } == ["knn", "linear_probe", "knn", "knn"])
    #expect(Set(all.compactMap { $0["predictions"]?.string }).count == 4)
    let compared = try Program.run(["compare", folder.file("results/pixels")])
    #expect(compared.code == 0 && compared.output.contains("knn · scenes"), "\(compared.errors)")
  }

  @Test func aRunThatFailsLosesNothing() throws {
    #expect(try evaluate(["pixels", "--tasks", "knn"]).code == 0)
    #expect(try evaluate(["pixels", "--tasks", "representation"]).code == 1)
    #expect(try entries("pixels").compactMap { $0["status"]?.string } == ["ok", "failed"])
    #expect(try evaluate(["pixels", "--tasks", "knn"], data: "scenes?train=0").code == 2)
    #expect(try entries("pixels").count == 2)
  }

  @Test func filesOfOneNameHaveResultsOfTheirOwn() throws {
    let first = try checkpoint("runA/checkpoint.safetensors", seed: 0)
    let second = try checkpoint("runB/checkpoint.safetensors", seed: 1)
    #expect(try evaluate([first, "--tasks", "knn"]).code == 0)
    #expect(try evaluate([second, "--tasks", "knn"]).code == 0)
    #expect(try entries("runA").count == 1)
    #expect(try entries("runB").count == 1)
    // The same name for other weights: refused before anything is computed.
    for arguments in [[second, "--name", "runA"], ["runA=" + second], ["RUNA=" + second]] {
      let refused = try evaluate(arguments + ["--tasks", "knn"])
      #expect(refused.code == 2 && refused.errorLines.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("--name NAME, or NAME="))
      #expect(refused.output.isEmpty)
    }
    let dry = try evaluate(["runA=" + second, "--tasks", "knn", "--dry-run"])
    #expect(dry.code == 2)
    // All are looked at before the first is computed.
    let both = try evaluate(["new=" + first, "runA=" + second, "--tasks", "knn"])
    #expect(both.code == 2)
    #expect(!FileManager.default.fileExists(atPath: folder.file("results/new")))
    let named = try evaluate(["наша=" + second, "--tasks", "knn"])
    #expect(named.code == 0 && named.output.contains("наша"))
    #expect(try entries("наша").count == 1)
    let together = try evaluate([first, second, "--tasks", "knn"])
    #expect(together.code == 0, "\(together.errors)")
    #expect(together.output.contains("runA") && together.output.contains("runB"))
  }

  @Test(arguments: [
    ["--name", "../x"], ["--name", ".."], ["--name", ""], ["--name", "a\u{1B}b"],
  ])
  func namesStayInsideTheFolder(arguments: [String]) throws {
    let result = try evaluate(["pixels", "--tasks", "knn"] + arguments)
    #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("x")))
  }
}
