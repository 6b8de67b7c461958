import ArgumentParser
import Encoders
import Evaluation
import Foundation
import Pretraining
import Reporting
import Results
import Support
import Sweeps

/// `unmask validate`: says what is wrong with files, runs nothing.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Check recipes, tasks, sweeps, gates, reports and checkpoints without running anything.",
    discussion: "Example: unmask validate tasks/pretrain/mae.yaml checkpoints/mae results/mae")

  @Argument(help: "Files and folders to check.")
  var files: [String]

  func run() throws {
    var isUsable = true
    for file in files {
      do {
        try StandardOutput.line("\(file): \(try check(file))")
      } catch {
        isUsable = false
        Log.error(Log.line(for: error))
      }
    }
    if !isUsable { throw Failure.unusable }
  }

  /// What the file is, in words; throws what is wrong with it.
  private func check(_ file: String) throws -> String {
    if isReport(file) {
      let report = try Report.read(file)
      try report.verifyPredictions()
      return "a report of \(report.checkpoint.name), \(report.tasks.count) tasks"
    }
    guard file.hasSuffix(".yaml") || file.hasSuffix(".yml") else {
      let subject = try EvaluationSubject.load(file, seed: 0)
      return "a checkpoint of \(subject.encoderName), \(subject.parameterCount) parameters"
    }
    return try check(configuration: file)
  }

  private func check(configuration file: String) throws -> String {
    let fields = try Fields(contentsOf: file)
    if fields.has("task") {
      let task = try TaskCatalog.load(file)
      return "a task, \(task.kind) by \(task.protocolName), version \(task.version)"
    }
    if SweepDefinition.isMeant(by: fields) {
      let sweep = try SweepDefinition(file)
      try sweep.check()
      return "a sweep, \(sweep.summary)"
    }
    if GateConfiguration.isMeant(by: fields) {
      let gate = try GateConfiguration(contentsOf: file)
      return
        "a gate, \(gate.margins.isEmpty ? "every headline metric" : "\(gate.margins.count) metrics")"
    }
    let recipe = try Recipe.check(file)
    return "a recipe, \(recipe.method) of \(recipe.encoderName)"
  }

  /// Whether `file` is meant as a report: a JSON file, or a folder that holds one.
  private func isReport(_ file: String) -> Bool {
    file.hasSuffix(".json") || FileSystem.exists(file + "/report.json")
  }
}
