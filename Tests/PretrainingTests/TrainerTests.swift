import Checkpoints
import Encoders
import Foundation
import Pretraining
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Whole runs on the built-in data: learning, determinism, resuming, failure.
@Suite struct TrainerTests {
  private let folder = TemporaryFolder()

  private func options(_ name: String) -> PretrainingOptions {
    var options = PretrainingOptions()
    options.data = "scenes?side=16&train=96&test=10"
    options.encoder = "vit-tiny/4@16"
    options.out = folder.file(name)
    options.batchSize = 32
    options.epochs = 2
    options.threads = 2
    options.assignments = ["decoder.width=32"]
    return options
  }

  private func hash(_ checkpoint: CheckpointFolder) throws -> [String] {
    try [checkpoint.modelPath, checkpoint.pretrainingPath].map { try SHA256.hex(ofFile: $0) }
  }

  @Test func threadsDoNotChangeAnyBit() throws {
    let hashes = try [1, 2, 3].map { threads in
      var options = options("threads\(threads)")
      options.threads = threads
      return try hash(pretrain("mae-tiny", options))
    }
    #expect(hashes[0] == hashes[1] && hashes[1] == hashes[2])
  }

  @Test(arguments: Precision.available)
  func lossFallsAndTheCheckpointReadsBack(precision: Precision) throws {
    var options = options("falls-\(precision)")
    options.epochs = 6
    options.precision = precision
    let checkpoint = try pretrain("mae-tiny", options)
    let curve = try #require(checkpoint.training()?["curve"]?.array)
    #expect(curve.count == 6)
    let losses = curve.compactMap { $0["loss"]?.double }
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(last < 0.95 * first)
    let loaded = try loadCheckpoint(checkpoint.path)
    let encoder = loaded.encoder
    #expect(encoder.name == "vit-tiny/4@16" && loaded.preprocessing.side == 16)
    // 12 blocks of 444,864; patch embedding 9,408; class token 192; 17 positions; final norm 384.
    #expect(encoder.parameters.parameterCount == 12 * 444_864 + 9_408 + 192 + 17 * 192 + 384)
  }

  @Test(
    "A rate for ViT-B grows as the encoder narrows, never falls",
    arguments: [("vit-tiny/4@16", 4.0), ("vit-small/4@16", 2), ("vit-large/4@16", 1)])
  func narrowEncodersLearnFaster(encoder: String, factor: Double) throws {
    func rate(_ assignments: [String]) throws -> Double {
      var options = options("unused")
      (options.encoder, options.assignments) = (encoder, assignments)
      return try PretrainingPlan("mae", options).recipe.peakLearningRate
    }
    let published = 1.5e-4 * 32 / 256
    #expect(try rate([]) == published * factor)
    #expect(try rate(["optimizer.base_width=192"]) == published)
  }

  @Test func otherSeedsGiveOtherWeights() throws {
    let first = try hash(pretrain("mae-tiny", options("seed0")))
    var other = options("seed1")
    other.seed = 1
    #expect(try hash(pretrain("mae-tiny", other)) != first)
  }

  @Test func aStateOfAnotherRunIsRefused() throws {
    let first = options("other")
    _ = try pretrain("mae-tiny", first)
    var changed = first
    changed.assignments += ["mask.ratio=0.5"]
    changed.resume = true
    #expect(throws: InputError.self) { try pretrain("mae-tiny", changed) }
  }

  @Test func aFinishedCheckpointIsNotOverwritten() throws {
    let first = options("finished")
    let checkpoint = try pretrain("mae-tiny", first)
    let before = try hash(checkpoint)
    #expect(throws: InputError.self) { try pretrain("mae-tiny", first) }
    #expect(try hash(checkpoint) == before)
  }

  @Test func divergenceStopsTheRunInOneLine() throws {
    var wild = options("wild")
    wild.epochs = 40
    wild.assignments += ["optimizer.base_learning_rate=10", "optimizer.warm_up_epochs=0"]
    wild.precision = Precision.available.last
    // A rate of 10 need not overflow within 120 steps; weights of 1e20 do at the first product.
    wild.assignments += ["optimizer.weight_decay=10"]
    #expect {
      _ = try pretrain("mae-tiny", wild)
    } throws: { error in
      ((error as? InputError)?.errorDescription ?? "").contains("the last saved checkpoint is kept")
    }
  }

  @Test func patchThatDoesNotDivideTheSideIsRefused() throws {
    var wrong = options("wrong")
    wrong.encoder = "vit-tiny/5@16"
    #expect {
      _ = try pretrain("mae-tiny", wrong)
    } throws: { error in
      ((error as? InputError)?.errorDescription ?? "").contains("patch 5 does not divide")
    }
  }
}
