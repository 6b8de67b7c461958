import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Training
import Vision

@testable import Pretraining

/// The recipes that come with the program, trained for a few steps, and recipes whose parts do not fit.
@Suite struct RecipeTests {
  private let folder = TemporaryFolder()

  /// Small recipes with an encoder that is quick to train.
  private static let small: [(recipe: String, encoder: String)] = [
    ("simmim-tiny", "vit-tiny/4@16"), ("mfm-tiny", "vit-tiny/4@16"), ("mfm-tiny", "resnet20@32"),
    ("data2vec-tiny", "vit-tiny/4@16"), ("simclr-tiny", "resnet20@32"),
    ("cae-tiny", "vit-tiny/4@16"), ("maskfeat-tiny", "vit-tiny/4@16"),
    ("supmae-tiny", "vit-tiny/4@16"),
    ("supervised-tiny", "vit-tiny/4@16"), ("supervised-resnet-tiny", "resnet20@32"),
  ]

  private func options(_ name: String, _ encoder: String, threads: Int = 2) -> PretrainingOptions {
    var options = PretrainingOptions()
    options.data = "scenes?side=\(encoder.hasSuffix("16") ? 16 : 32)&train=48&test=10"
    options.encoder = encoder
    options.out = folder.file(name)
    options.batchSize = 16
    options.epochs = 2
    options.threads = threads
    if encoder.hasSuffix("16") {
      // On a grid of 4 × 4 a block of five patches is the smallest that data2vec proposes.
      options.assignments = ["optimizer.warm_up_epochs=1"]
    }
    return options
  }

  private func hash(_ checkpoint: CheckpointFolder) throws -> [String] {
    try [checkpoint.modelPath, checkpoint.pretrainingPath].map { try SHA256.hex(ofFile: $0) }
  }

  @Test(arguments: RecipeTests.small)
  func threadsAndInterruptionsChangeNoBit(recipe: String, encoder: String) throws {
    let whole = try pretrain(recipe, options("whole", encoder))
    let hashes = try hash(whole)
    for threads in [1, 3] {
      #expect(
        try hash(pretrain(recipe, options("threads\(threads)", encoder, threads: threads)))
          == hashes)
    }
    // Stops after the first epoch, as a run that is killed there, and goes on.
    let plan = try PretrainingPlan(recipe, options("cut", encoder))
    let cut = CheckpointFolder(folder.file("cut"))
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let dataset = plan.dataset
    struct Stop: Error {}
    let loop = { () throws -> TrainingLoop<PretrainingObjective> in
      TrainingLoop(
        try plan.recipe.objective(dataset.train),
        settings: plan.recipe.settings(images: dataset.train.count), examples: dataset.train.count,
        pool: pool)
    }
    try AtomicFile.createFolder(cut.path)
    let first = try loop()
    #expect(throws: Stop.self) {
      try first.run("test") { step in
        guard step.count == 4 else { return }
        try first.save(to: cut.statePath, fingerprint: plan.fingerprint, seconds: 0)
        throw Stop()
      }
    }
    try plan.train(into: cut, pool: pool, resume: true)
    #expect(try hash(cut) == hashes)
  }

  @Test(arguments: RecipeTests.small)
  func checkpointsReadBackAndSayWhatTheyAre(recipe: String, encoder: String) throws {
    let checkpoint = try pretrain(recipe, options("read", encoder))
    let loaded = try loadCheckpoint(checkpoint.path)
    #expect(loaded.encoder.name == encoder)
    let training = try #require(try checkpoint.training())
    #expect(training["method"]?.string == recipe.split(separator: "-").first.map(String.init))
    let losses = (training["curve"]?.array ?? []).compactMap { $0["loss"]?.double }
    #expect(losses.count == 2 && losses.allSatisfy { $0.isFinite && $0 > 0 })
    let objective = try #require(
      try PretrainingObjective.finished(checkpoint, encoder: loaded.encoder))
    #expect(objective.method == recipe.split(separator: "-").first.map(String.init))
    #expect(
      objective.isPaintable
        == ["simmim-tiny", "maskfeat-tiny", "supmae-tiny", "cae-tiny"].contains(recipe))
    #expect(training["labels_used"]?.bool == recipe.hasPrefix("sup"))
  }

  @Test(arguments: [
    "simmim-tiny", "mfm-tiny", "data2vec-tiny", "maskfeat-tiny", "supmae-tiny", "supervised-tiny",
    "cae-tiny",
  ])
  func theLossFalls(recipe: String) throws {
    var options = options("falls", "vit-tiny/4@16")
    options.epochs = 12
    let curve = try #require(pretrain(recipe, options).training()?["curve"]?.array)
    let losses = curve.compactMap { $0["loss"]?.double }
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(last < 0.97 * first, "\(losses)")
  }

  @Test func labelsAreThoseOfTheData() throws {
    let options = options("labels", "vit-tiny/4@16")
    #expect(try PretrainingPlan("supmae-tiny", options).recipe.classes == 10)
    var wrong = options
    wrong.assignments += ["losses.1.target.classes=3"]
    let error = #expect(throws: InputError.self) { try PretrainingPlan("supmae-tiny", wrong) }
    #expect(error?.errorDescription?.contains("3 classes, and") == true)
    let bare = #expect(throws: InputError.self) {
      try PretrainingPlan("supmae-tiny", options) { specification in
        let labelled = try openDataset(specification)
        return Dataset(
          id: "bare", classes: labelled.classes, annotations: [], fingerprint: "bare",
          train: labelled.train, test: labelled.test)
      }
    }
    #expect(bare?.errorDescription?.contains("the data set has none") == true)
    #expect(try PretrainingPlan("mae-tiny", options).recipe.classes == nil)
  }

  /// At random each of 2B − 1 other views is as likely the partner: 2 ln(2B − 1).
  @Test func contrastiveLossStartsAtChance() throws {
    var options = options("chance", "resnet20@32")
    options.epochs = 1
    options.assignments = ["optimizer.base_learning_rate=0"]
    let curve = try #require(pretrain("simclr-tiny", options).training()?["curve"]?.array)
    let loss = try #require(curve.first?["loss"]?.double)
    #expect(abs(loss - 2 * log(31)) < 0.15 * 2 * log(31), "\(loss)")
  }

  private static let refusals: [(yaml: String, words: String)] = [
    ("{encoder: resnet20@32, method: mae}", "cannot leave out patches"),
    (
      "{encoder: resnet20@32, mask: {apply: replace}, losses: [{predictor: pixel_shuffle}]}",
      "cannot replace patches"
    ),
    ("{losses: [{predictor: pixel_shuffle}]}", "the mask hides none"),
    ("{mask: {kind: random}, losses: [{predictor: linear}]}", "apply: replace"),
    ("{mask: {kind: random}, losses: [{predictor: pixel_shuffle}]}", "apply: replace"),
    (
      "{mask: {kind: blockwise}, losses: [{predictor: self_attention}]}", "a varying number"
    ),
    (
      "{mask: {kind: random, apply: replace}, losses: [{predictor: self_attention}]}",
      "apply: drop"
    ),
    (
      "{mask: {apply: replace}, losses: [{predictor: linear}, {predictor: linear}]}",
      "losses.1 repeats losses.0"
    ),
    ("{mask: {apply: replace}, losses: [{predictor: linear, target: features}]}", "asks a teacher"),
    ("{mask: {kind: top, apply: replace}, losses: [{predictor: linear}]}", "asks a teacher"),
    ("{mask: {apply: replace}, teacher: fixed, losses: [{predictor: linear}]}", "nothing asks"),
    ("{losses: [{predictor: projector, loss: contrastive}]}", "compares two views"),
    (
      "{view: {kind: pair}, batch_size: 1, losses: [{predictor: projector, loss: contrastive}]}",
      "needs two or more"
    ),
    (
      "{view: {kind: pair}, losses: [{predictor: linear, loss: contrastive}]}",
      "cannot predict views"
    ),
    ("{mask: {apply: replace}, losses: [{predictor: linaer}]}", "linear"),
    ("{losses: []}", "the list of losses is empty"),
    ("{losses: [{predictor: pixel_shuffle, target: image, loss: spectral}]}", "removes none"),
    ("{mask: {kind: disc}, losses: [{predictor: linear, target: image}]}", "whole images"),
    ("{mask: {apply: replace}, losses: [{predictor: linear, wieght: 2}]}", "weight"),
    ("{method: mea}", "mae"),
    ("{mask: {apply: replac}, losses: [{predictor: linear}]}", "replace"),
    (
      "{mask: {apply: replace}, losses: [{predictor: linear, target: {kind: features, blocks: 99}}]}",
      "has 12 blocks"
    ),
    ("{optimizer: {final_weight_decay: 0.1, weight_decay: 0}}", "raise weight_decay"),
    ("{optimizer: {schedule: step}}", "step_epochs is missing"),
    (
      "{mask: {apply: replace}, losses: [{predictor: linear, target: {kind: hog, cell: 3}}]}",
      "cells of 3 pixels do not tile patches of 4"
    ),
    (
      "{encoder: vit-tiny/1@4, mask: {kind: random, ratio: 0.5, apply: replace}, losses: "
        + "[{predictor: linear, target: {kind: hog, cell: 8}}]}", "do not fit images of 4 × 4"
    ),
    (
      "{mask: {apply: replace}, losses: [{predictor: cross_attention, target: latent}]}",
      "without the others"
    ),
    ("{mask: {ratio: 0.5}, losses: [{predictor: hidden_decoder}]}", "an earlier term predicts"),
    ("{mask: {ratio: 0.5}, losses: [{predictor: cross_attention}]}", "cannot predict hidden"),
    (
      "{mask: {ratio: 0.5}, losses: [{predictor: {kind: cross_attention, heads: 5}, target: latent}]}",
      "not divisible by 5 heads"
    ),
    (
      "{mask: {ratio: 0.5}, losses: [{predictor: cross_attention, target: latent}, "
        + "{predictor: {kind: hidden_decoder, reads: 1}}]}", "an earlier term predicts"
    ),
    (
      "{losses: [{predictor: classifier, target: label, loss: cross_entropy}]}",
      "the data set has none"
    ),
    (
      "{losses: [{predictor: classifier, target: {kind: label, classes: 3}}]}",
      "classes have none"
    ),
    (
      "{mask: {apply: replace}, losses: [{predictor: linear, loss: cross_entropy}]}",
      "not hidden patches"
    ),
    (
      "{losses: [{predictor: projector, target: {kind: label, classes: 3}, loss: cross_entropy}]}",
      "cannot predict classes"
    ),
    (
      "{encoder: resnet20@32, losses: [{predictor: {kind: classifier, pool: class}, "
        + "target: {kind: label, classes: 3}, loss: cross_entropy}]}", "has no class token"
    ),
  ]

  @Test(arguments: RecipeTests.refusals)
  func partsThatDoNotFitAreRefusedInOneLine(yaml: String, words: String) throws {
    #expect {
      _ = try Recipe(Fields(yaml: yaml, file: "recipe.yaml"), name: "recipe") { _ in
        RecipeData(images: 100)
      }
    } throws: { error in
      let line = (error as? InputError)?.errorDescription ?? "\(error)"
      return line.contains(words) && !line.contains("\n")
    }
  }

  /// What MAE's recipes resolve to is part of their fingerprint: keys that came later must not change it.
  @Test func recipesOfEarlierVersionsResolveAsTheyDid() throws {
    let path = packageFolder + "/tasks/pretrain/mae-tiny.yaml"
    let recipe = try Recipe.check(path)
    let keys = Set(try #require(recipe.resolved["optimizer"]?.object).keys)
    #expect(
      keys == [
        "base_learning_rate", "base_width", "minimum_learning_rate", "warm_up_epochs",
        "warm_up_share", "beta1", "beta2", "epsilon", "weight_decay", "gradient_clip",
      ])
    #expect(Set(try #require(recipe.resolved["mask"]?.object).keys) == ["kind", "ratio"])
    #expect(recipe.resolved["target"]?.object.map { Set($0.keys) } == ["normalise"])
    #expect(recipe.resolved["view"]?["kind"] == nil)
    #expect(recipe.resolved["method"]?.string == "mae")
  }

  /// Reading two hundred recipes of ViT-L draws no weights: 1.2 GB each would be 240 GB.
  @Test func readingRecipesAllocatesNoNetwork() throws {
    let before = try residentBytes()
    let start = ContinuousClock.now
    for _ in 0..<200 {
      let fields = try Fields(contentsOf: packageFolder + "/tasks/pretrain/mae.yaml")
      try fields.override("encoder=vit-large/16@224")
      _ = try Recipe(fields, name: "mae") { _ in RecipeData(images: 1_000_000) }
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    #expect(try residentBytes() - before < 100 << 20)
    // Alone it takes a tenth of this; other tests run at the same time.
    #expect(seconds < 10, "\(seconds) s")
  }

  private func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
  }
}
