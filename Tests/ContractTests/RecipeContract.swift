import Encoders
import Foundation
import Support
import Tensors
import Testing
import Training
import Vision

@testable import Pretraining

/// Every combination of parts: trained for a step, or refused in one line.
///
/// A new part is tested by being there.
@Suite struct RecipeContract {
  /// A recipe of one term.
  struct Combination: Sendable, CustomTestStringConvertible {
    var view: String
    var mask: String?
    var hiding: String
    var predictor: String
    var target: String
    var loss: String
    var encoder: String

    var yaml: String {
      let mask =
        mask.map {
          "mask: {kind: \($0), apply: \(hiding)\($0 == "blockwise" ? ", minimum: 4" : "")}\n"
        } ?? ""
      return """
        encoder: \(encoder)
        batch_size: 4
        view: {kind: \(view)}
        \(mask)\(needsTeacher ? "teacher: momentum\n" : "")losses: [\(below){predictor: \(predictor), target: \(target), loss: \(loss)}]
        """
    }

    /// The term that a stacked predictor reads.
    private var below: String {
      allPredictors.contains { $0.kind == predictor && $0 is any StackedPredictor.Type }
        ? "{predictor: cross_attention, target: latent, loss: regression}, " : ""
    }

    private var needsTeacher: Bool {
      target == "features" || mask == "top"
    }

    var testDescription: String { yaml.replacing("\n", with: ", ") }
  }

  /// All of them; losses over the batch have no target.
  static let combinations: [Combination] = allViews.flatMap { view in
    (allMasks.map { $0.kind } + [nil]).flatMap { mask in
      (mask == nil ? ["drop"] : TokenMask.Kind.allCases.map(\.rawValue)).flatMap { hiding in
        allPredictors.flatMap { predictor in
          allLosses.flatMap { loss in
            (loss is any PairLoss.Type ? allTargets.map { $0.kind } : [""]).flatMap { target in
              ["vit-tiny/4@16", "resnet20@32"].map { encoder in
                Combination(
                  view: view.kind, mask: mask, hiding: hiding, predictor: predictor.kind,
                  target: target, loss: loss.kind, encoder: encoder)
              }
            }
          }
        }
      }
    }
  }

  private func recipe(_ combination: Combination) throws -> Recipe {
    var yaml = combination.yaml
    if combination.target.isEmpty { yaml = yaml.replacing(", target: ,", with: ",") }
    return try Recipe(Fields(yaml: yaml, file: "recipe.yaml"), name: "contract") { _ in
      RecipeData(images: 8, classes: 10)
    }
  }

  /// Trains one step; gives the loss and the gradients.
  private func step(_ recipe: Recipe, threads: Int) throws -> (loss: Double, gradients: [[Float]]) {
    let dataset = try openDataset("scenes?side=32&train=10&test=10")
    let objective = try recipe.objective(dataset.train)
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let stores = objective.networks.filter { $0.name != "teacher" }.map(\.store)
    let parallel = DataParallel(pool: pool, stores: stores, lanes: 2, precision: .fp32)
    let batch = TrainingBatch(samples: [0, 3, 5, 6], epoch: 0, step: 0, seed: 0)
    let plan = try objective.plan(batch)
    let loss = try parallel.step(
      batch: 4, slice: 1, combining: objective.combining(batch, plan)
    ) { try objective.terms(of: $1, in: batch, plan, $0) }
    return (
      loss, stores.map { Array(UnsafeBufferPointer(start: $0.gradient, count: $0.extent)) }
    )
  }

  @Test func everyCombinationTrainsOrIsRefusedInOneLine() throws {
    var trained: Set<String> = []
    for combination in Self.combinations {
      let made: Recipe
      do {
        made = try recipe(combination)
      } catch let error as InputError {
        let line = error.errorDescription ?? ""
        #expect(!line.isEmpty && !line.contains("\n"), "\(combination)")
        continue
      }
      let (loss, gradients) = try step(made, threads: 1)
      #expect(loss.isFinite && loss > 0, "\(combination)")
      #expect(gradients[0].contains { $0 != 0 }, "no gradient reaches the encoder: \(combination)")
      #expect(gradients.allSatisfy { $0.allSatisfy { $0.isFinite } }, "\(combination)")
      let again = try step(made, threads: 3)
      #expect(again.loss == loss && again.gradients == gradients, "\(combination)")
      let parts = [
        "view " + combination.view, "mask " + (combination.mask ?? ""),
        "predictor " + combination.predictor, "target " + combination.target,
        "loss " + combination.loss,
      ]
      trained.formUnion(parts)
    }
    // Each part serves in one recipe at least.
    let parts =
      allViews.map { "view " + $0.kind } + allMasks.map { "mask " + $0.kind }
      + allPredictors.map { "predictor " + $0.kind } + allTargets.map { "target " + $0.kind }
      + allLosses.map { "loss " + $0.kind }
    for part in parts { #expect(trained.contains(part), "\(part) serves in no recipe") }
  }

  @Test func everyPartHasANameAndASummaryOfItsOwn() {
    let parts: [(String, [(String, String)])] = [
      ("views", allViews.map { ($0.kind, $0.summary) }),
      ("masks", allMasks.map { ($0.kind, $0.summary) }),
      ("predictors", allPredictors.map { ($0.kind, $0.summary) }),
      ("targets", allTargets.map { ($0.kind, $0.summary) }),
      ("losses", allLosses.map { ($0.kind, $0.summary) }),
      ("teachers", allTeachers.map { ($0.kind, $0.summary) }),
    ]
    for (registry, entries) in parts {
      #expect(Set(entries.map(\.0)).count == entries.count, "\(registry)")
      #expect(entries.allSatisfy { !$0.1.isEmpty && !$0.1.contains("\n") }, "\(registry)")
    }
  }

  @Test func momentaStayBetweenZeroAndOne() throws {
    for type in allTeachers {
      let teacher = try type.init(Fields(yaml: "{}", file: "test"))
      let schedule = teacher.momentum(steps: 50)
      #expect((0...60).allSatisfy { (0...1).contains(schedule.value(at: $0)) }, "\(type.kind)")
    }
  }

  /// Views depend on nothing but the picture and the stream, and are levels.
  @Test func viewsAreLevelsAndRepeat() throws {
    let image = try openDataset("scenes?side=32&train=10&test=10").train.image(at: 0)
    for type in allViews {
      let view = try type.init(Fields(yaml: "{}", file: "test"), side: 24)
      func rendered(_ draw: Int) -> [Float] {
        var random = RandomStream(seed: 2, purpose: "view", draw)
        var planes = [Float](repeating: .nan, count: 3 * 24 * 24)
        planes.withUnsafeMutableBufferPointer { buffer in
          if let base = buffer.baseAddress { view.render(image, random: &random, into: base) }
        }
        return planes
      }
      #expect(rendered(0).allSatisfy { (0...255).contains($0) }, "\(type.kind)")
      #expect(rendered(0) == rendered(0) && rendered(0) != rendered(1), "\(type.kind)")
    }
  }
}
