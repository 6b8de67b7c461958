import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// The gate on encoders that were trained on photographs.
@Suite("The gate on real encoders", .serialized)
struct GateOnRealEncodersTests {
  private let folder = TemporaryFolder()
  private static let hasPublished = RealData.has("checkpoints") && RealData.has("cifar10-jpeg")

  private func unmask(_ arguments: [String]) throws -> Program.Result {
    try Program.run(arguments, environment: ["UNMASK_CACHE": folder.file("cache")])
  }

  private func data() throws -> String {
    "cifar10:" + (try #require(RealData.folder("cifar10-jpeg")))
  }

  private func evaluate(_ checkpoints: [String], tasks: String, into results: String = "results")
    throws
  {
    let result = try unmask(
      ["evaluate"] + checkpoints
        + ["--tasks", tasks, "--data", data(), "--out", folder.file(results)])
    #expect(result.code == 0, "\(result.errors)")
  }

  private func gate(_ baseline: String, _ candidate: String, _ yaml: String = "{}") throws
    -> Program.Result
  {
    try yaml.write(toFile: folder.file("gate.yaml"), atomically: true, encoding: .utf8)
    return try unmask([
      "gate", "--baseline", folder.file("results/" + baseline), "--candidate",
      folder.file("results/" + candidate), "--config", folder.file("gate.yaml"),
    ])
  }

  /// The published ResNet-20 as a safetensors file, its third stage as before training if wanted.
  private func resNet20(isDamaged: Bool) throws -> String {
    let path = try #require(RealData.folder("checkpoints")) + "/resnet20-cifar10.th"
    let archive = try openCheckpoint(path)
    var random = RandomStream(seed: 9, purpose: "damage")
    let tensors = try archive.names.map { name -> (String, Tensor) in
      let tensor = try archive.floats(name)
      let shape = tensor.shape
      if isDamaged && name.contains("layer3") && shape.count == 4 {
        let scale = (2 / Float(shape[1] * shape[2] * shape[3])).squareRoot()
        for i in 0..<tensor.count { tensor.data[i] = random.normal() * scale }
      }
      return (name, tensor)
    }
    let out = folder.file(isDamaged ? "damaged.safetensors" : "published.safetensors")
    try writeSafetensors(tensors, to: out)
    return out
  }

  @Test(
    "Re-initialised last blocks fail",
    .enabled(if: hasPublished, "the published ResNet-20 or cifar10-jpeg is not on this machine"))
  func damage() throws {
    let checkpoints = try [resNet20(isDamaged: false), resNet20(isDamaged: true)]
    try evaluate(checkpoints, tasks: "knn")
    #expect(try gate("published", "published").code == 0)
    let damaged = try gate("published", "damaged")
    #expect(damaged.code == 1, "\(damaged.output)")
  }

  @Test(
    "Another seed of the recipe does not fail where other seeds say how far they lie apart",
    .enabled(
      if: ProcessInfo.processInfo.environment["UNMASK_FULL_TESTS"] != nil,
      "UNMASK_FULL_TESTS is not set"),
    .enabled(if: RealData.has("cifar10-jpeg"), "the cifar10-jpeg data are not on this machine"))
  func seeds() throws {
    for seed in 0..<4 {
      let out = folder.file("seed\(seed)")
      let result = try unmask([
        "pretrain", "mae-tiny", "--data", data(), "--epochs", "2", "--precision", "bf16", "--seed",
        "\(seed)", "--out", out,
      ])
      #expect(result.code == 0, "\(result.errors)")
      try evaluate([out], tasks: "knn", into: seed > 1 ? "results/seeds" : "results")
    }
    let result = try gate("seed0", "seed1", "seeds: results/seeds")
    #expect(result.code == 0 || result.code == 3, "\(result.output)")
  }
}
