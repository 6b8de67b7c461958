import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// The gate on encoders that were trained on photographs; minutes long, so `make test-full` only.
@Suite(
  "The gate on real encoders",
  .enabled(
    if: ProcessInfo.processInfo.environment["UNMASK_FULL_TESTS"] != nil,
    "UNMASK_FULL_TESTS is not set"),
  .serialized)
struct GateOnRealEncodersTests {
  private let folder = TemporaryFolder()

  private func unmask(_ arguments: [String]) throws -> Program.Result {
    try Program.run(arguments, environment: ["UNMASK_CACHE": folder.file("cache")])
  }

  private func pretrain(_ data: String, seed: Int) throws -> String {
    let out = folder.file("seed\(seed)")
    let result = try unmask([
      "pretrain", "mae-tiny", "--data", data, "--epochs", "3", "--precision", "bf16", "--seed",
      "\(seed)", "--out", out,
    ])
    #expect(result.code == 0, "\(result.errors)")
    return out
  }

  /// The checkpoint with its last `count` blocks as they were before training.
  private func reinitialized(_ path: String, blocks count: Int) throws -> String {
    let loaded = try loadCheckpoint(path)
    let name = loaded.encoder.name
    let fresh = try VisionTransformer(EncoderCatalog.visionTransformer(named: name), name: name)
    fresh.initialize(seed: 9)
    for parameter in fresh.parameters.parameters {
      let parts = parameter.name.split(separator: ".")
      let isLast = parts.first == "blocks" && (Int(parts[1]) ?? 0) >= fresh.depth - count
      guard !isLast, let trained = loaded.encoder.parameters[parameter.name] else { continue }
      parameter.data.update(from: trained.data, count: parameter.count)
    }
    let out = CheckpointFolder(folder.file("reinitialized"))
    try out.write(fresh, preprocessing: loaded.preprocessing)
    return out.path
  }

  @Test(
    "Two seeds do not fail; re-initialised last blocks do",
    .enabled(if: RealData.has("cifar10-jpeg"), "the cifar10-jpeg data are not on this machine"))
  func seedsAndDamage() throws {
    let data = "cifar10:" + (try #require(RealData.folder("cifar10-jpeg")))
    let baseline = try pretrain(data, seed: 0)
    let checkpoints = [
      baseline, try pretrain(data, seed: 1), try reinitialized(baseline, blocks: 8),
    ]
    let results = folder.file("results")
    let evaluated = try unmask(
      ["evaluate"] + checkpoints
        + ["--tasks", "knn,linear_probe", "--data", data, "--out", results])
    #expect(evaluated.code == 0, "\(evaluated.errors)")
    func gate(_ candidate: String) throws -> Program.Result {
      try unmask([
        "gate", "--baseline", results + "/seed0", "--candidate", results + "/" + candidate,
      ])
    }
    let seed = try gate("seed1")
    #expect(seed.code == 0 || seed.code == 3, "\(seed.output)")
    let damaged = try gate("reinitialized")
    #expect(damaged.code == 1, "\(damaged.output)")
  }
}
