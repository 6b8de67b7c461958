import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing
import Vision

@Suite("Evaluation")
struct EvaluationRunTests {
  private func plan(_ folder: TemporaryFolder, _ checkpoints: [String], limit: Int? = 40) throws
    -> EvaluationPlan
  {
    EvaluationPlan(
      checkpoints: checkpoints,
      tasks: [
        try task("knn"), try task("linear_probe", ["epochs=5", "base_learning_rates=[1]"]),
      ], data: "scenes", output: folder.path, threads: 2, limit: limit)
  }

  @Test("Every task runs on every checkpoint, and a limited run says so")
  func runs() throws {
    let folder = TemporaryFolder()
    var reported: [String] = []
    let results = try EvaluationRun.run(
      plan(folder, ["random:vit-tiny/16@32", "pixels"])
    ) { reported.append($0.folder) }
    #expect(results.map { $0.results.map { $0.status } } == [[.ok, .ok], [.ok, .ok]])
    #expect(results.allSatisfy { $0.results.allSatisfy { $0.limit == 40 } })
    #expect(reported == [folder.file("random-vit-tiny-16@32"), folder.file("pixels")])
  }

  @Test("What is finished is not computed again, unless asked for")
  func resumes() throws {
    let folder = TemporaryFolder()
    let kept = KeptResults(folder: folder.file("kept"))
    var plan = try plan(folder, ["pixels"])
    let first = try EvaluationRun.run(plan, finished: kept)[0].results
    let keys = try FileSystem.names(in: folder.file("kept")).filter { $0.hasSuffix(".json") }
      .compactMap { try JSON.parse(contentsOf: folder.file("kept/\($0)"))["key"]?.string }
    #expect(keys.count == 2)
    for key in keys {
      var result = try #require(kept.result(for: key))
      result.details = ["kept": true]
      try kept.keep(result, for: key)
    }
    let second = try EvaluationRun.run(plan, finished: kept)[0].results
    #expect(second.allSatisfy { $0.details["kept"] == true })
    plan.seed = 1
    let otherSeed = try EvaluationRun.run(plan, finished: kept)[0].results
    #expect(otherSeed.allSatisfy { $0.details["kept"] == nil })
    plan.seed = 0
    plan.isFresh = true
    let fresh = try EvaluationRun.run(plan, finished: kept)[0].results
    #expect(fresh.map { $0.metrics } == first.map { $0.metrics })
    #expect(fresh.allSatisfy { $0.details["kept"] == nil })
  }

  @Test("A task that fails is a result, and the others still run")
  func failure() throws {
    let folder = TemporaryFolder()
    var plan = try plan(folder, ["random:vit-tiny/16@32"])
    plan.tasks.insert(try task("knn", ["layer=99"]), at: 0)
    let results = try EvaluationRun.run(plan)[0].results
    #expect(results.map { $0.status } == [.failed, .ok, .ok])
    #expect(results[0].error?.contains("blocks 1 to 12") == true)
  }

  @Test("What cannot be evaluated is refused in one line before anything runs")
  func refusals() throws {
    let folder = TemporaryFolder()
    let checkpoints = ["random:vit-tinny/4@32", "no/such/file", "random:", "vit-tiny/4@32"]
    for checkpoint in checkpoints {
      #expect(throws: InputError.self) {
        try EvaluationRun.run(self.plan(folder, ["pixels", checkpoint]))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("features")))
    var wrong = try plan(folder, ["pixels"])
    wrong.data = nil
    #expect(throws: InputError.self) { try EvaluationRun.run(wrong) }
    wrong.data = "scenes"
    wrong.limit = 0
    #expect(throws: InputError.self) { try EvaluationRun.run(wrong) }
  }

  @Test("A dry run names checkpoints, tasks, images and what is in the cache")
  func dryRun() throws {
    let folder = TemporaryFolder()
    let plan = try plan(folder, ["pixels"])
    let before = try EvaluationRun.describe(plan).joined(separator: "\n")
    #expect(before.contains("pixels") && before.contains("knn (dino-knn-cpu@1)"))
    #expect(before.contains("40 images through the encoder"))
    try EvaluationRun.run(plan)
    let after = try EvaluationRun.describe(plan).joined(separator: "\n")
    #expect(after.contains("features of train: in the cache"))
  }

  @Test("Overrides go to the task they name")
  func overrides() throws {
    let folder = packageFolder + "/tasks/"
    let names = [folder + "knn.yaml"]
    #expect(throws: InputError.self) {
      try TaskCatalog.load(names, assignments: ["linear_probe.epochs=3"])
    }
    #expect(throws: InputError.self) { try TaskCatalog.load([], assignments: []) }
    #expect(throws: InputError.self) { try TaskCatalog.load(["no-such-task"]) }
  }
}
