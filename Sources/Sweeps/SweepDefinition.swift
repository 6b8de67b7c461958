import Encoders
import Evaluation
import Foundation
import Pretraining
import Support
import Tensors

/// What the command line adds to a sweep's file.
package struct SweepOptions: Sendable {
  /// The folder of results; `results/NAME` when nil.
  package var out: String?
  /// Cells at once.
  package var jobs = 1
  /// Whether finished cells of an earlier run are kept.
  package var resume = false
  /// Worker threads, shared out between the cells.
  package var threads = availableProcessors
  /// Images to pretrain and evaluate on.
  package var data: String?
  /// Passes over the data.
  package var epochs: Int?
  /// At most this many images of a split.
  package var limit: Int?
  /// Of matrix products, in pretraining and evaluation.
  package var precision: Precision?
  /// `KEY=VALUE` for any key of the sweep's file.
  package var assignments: [String] = []
  /// The command as it was typed, for the record.
  package var command = "unmask sweep"

  /// No additions.
  package init() {}

  /// Puts the options into a sweep's fields; `--set`s come last and win.
  fileprivate func apply(to fields: Fields) throws {
    func set(_ keys: [String], _ value: JSON?, _ option: String) throws {
      guard let value else { return }
      for key in keys { try fields.override(path: key, value: value, option: option) }
    }
    try set(["settings.data", "evaluation.data"], data.map { .string($0) }, "--data")
    try set(["settings.epochs"], epochs.map { .integer($0) }, "--epochs")
    try set(["limit"], limit.map { .integer($0) }, "--limit")
    let precision = precision.map { JSON.string($0.rawValue) }
    try set(["settings.precision", "evaluation.precision"], precision, "--precision")
    for assignment in assignments { try fields.override(assignment) }
  }
}

/// What a sweep's file says: a recipe, axes along which it is varied, and how the results are measured.
package struct SweepDefinition: Sendable {
  /// The file's name without its ending.
  package let name: String
  /// The file, for messages.
  let file: String
  /// The points of the grid.
  let cells: [SweepCell]
  /// The tasks, in order.
  let tasks: [TaskDefinition]
  /// The data of all tasks; nil for the tasks' own or that of pretraining.
  let evaluationData: String?
  let evaluationSeed: UInt64
  let evaluationPrecision: Precision
  /// What is evaluated beside the cells, once: `random:ENCODER`, `pixels`, checkpoints.
  let references: [String]
  /// By which share compute may differ and still count as equal.
  let computeTolerance: Double
  /// The most images of a split; nil for all.
  let limit: Int?
  /// All settings with their defaults.
  let resolved: JSON

  /// The most cells of a sweep.
  private static let mostCells = 500

  /// Reads a sweep by name or path.
  ///
  /// - Parameters:
  ///   - name: a name under `tasks/sweeps`, or the path of a YAML file.
  ///   - options: what the command line adds.
  /// - Throws: `InputError` with file and line for anything but the cells' recipes.
  package init(_ name: String, _ options: SweepOptions = SweepOptions()) throws {
    let path = try Catalogue.path(of: name, in: "tasks/sweeps", kind: "sweep")
    let fields = try Fields(contentsOf: path)
    try options.apply(to: fields)
    try self.init(
      fields, name: path.fileStem)
  }

  private init(_ fields: Fields, name: String) throws {
    self.name = CheckpointName.safe(name)
    file = fields.file
    let recipe = try fields.take("recipe", default: "mae-tiny", "a recipe's name or path")
    let common = try Self.flat(fields.takeValue("settings", "keys of the recipe, for all cells"))
    let grid = fields.takeValue("axes", "keys and the values that they take")
    let evaluation = try fields.takeFields("evaluation", "how the encoders are measured")
    tasks = try Self.tasks(evaluation)
    evaluationData = try evaluation.takeOptional("data", "kind:path?option=value")
    evaluationSeed = UInt64(
      try evaluation.take("seed", default: 0, in: 0..., "of the heads, the same for all cells"))
    let precision = try evaluation.takeChoice(
      "precision", of: Precision.allCases.map(\.rawValue), default: Precision.fp32.rawValue,
      "of the encoder's matrix products")
    evaluationPrecision = Precision(rawValue: precision) ?? .fp32
    references = try fields.take(
      "references", default: [], "evaluated once: random:ENCODER, pixels, checkpoints")
    computeTolerance = try fields.take(
      "compute_tolerance", default: 0.01, in: 0...1, "share by which equal compute may differ")
    limit = try fields.takeOptional("limit", in: 1..., "most images of a split, for a quick look")
    try fields.finish()
    resolved = fields.resolved
    let axes = try Self.axes(grid, fields)
    try Self.checkOrder(common + axes.flatMap(\.distinctSettings))
    cells = sweepCells(axes, recipe: recipe, common: common)
    try checkNames(fields)
  }

  /// The single values below a mapping, by their keys joined by dots; of one given twice, in other
  /// spellings, the last.
  ///
  /// So `decoder: {width: 96}` changes one key of a recipe and leaves the others of its section.
  private static func flat(_ value: FieldValue?) throws -> SweepSettings {
    guard let value else { return [] }
    let all = try members(value).flatMap { key, value in
      guard value.members != nil else { return [(key: key, value: value)] }
      return try flat(value).map { (key: "\(key).\($0.key)", value: $0.value) }
    }
    return all.enumerated().filter { index, setting in
      !all[(index + 1)...].contains { $0.key == setting.key }
    }.map(\.element)
  }

  private static func members(_ value: FieldValue) throws -> SweepSettings {
    guard let members = value.members else {
      throw value.error("\(value.path) must be a mapping of keys to values")
    }
    return members
  }

  /// The axes: a list of mappings, or one mapping; the order counts.
  private static func axes(_ value: FieldValue?, _ fields: Fields) throws -> [SweepAxis] {
    guard let value else {
      throw fields.error(at: nil, "axes is missing", "write for example axes: {seed: [0, 1]}")
    }
    let members = try (value.elements ?? [value]).flatMap { try Self.members($0) }
    let axes = try members.map { try SweepAxis($0.key, $0.value) }
    let count = axes.reduce(1) { min($0 * $1.values.count, 1 << 30) }
    guard count <= mostCells else {
      throw value.error("\(count) cells are more than \(mostCells)", "cut the sweep in parts")
    }
    return axes
  }

  private static func tasks(_ evaluation: Fields) throws -> [TaskDefinition] {
    let names = try evaluation.take("tasks", default: ["all"], "tasks by name, or all")
    let changes = evaluation.takeValue("set", "TASK.KEY: VALUE for keys of tasks")
    let assignments = try flat(changes).map { key, value in
      "\(key)=\(value.text ?? value.json.text(pretty: false))"
    }
    return try TaskCatalog.load(names, assignments: assignments)
  }

  /// Refuses a key that a later, wider one would overwrite, as `mask.ratio` before `mask`.
  private static func checkOrder(_ settings: SweepSettings) throws {
    for (index, later) in settings.enumerated() {
      let earlier = settings[..<index].first {
        $0.key == later.key || $0.key.hasPrefix(later.key + ".")
      }
      guard let earlier else { continue }
      throw earlier.value.error(
        "'\(earlier.key)' is set here, and again by '\(later.key)'", "keep one of them")
    }
  }

  private func checkNames(_ fields: Fields) throws {
    let reserved = ["checkpoints"] + references.map { CheckpointName.of($0) }
    var taken: Set<String> = []
    for name in reserved + cells.map(\.name) where !taken.insert(name).inserted {
      throw fields.error(
        at: "axes", "two things would be called '\(name)'",
        "give values another label: {label: NAME, set: {KEY: VALUE}}")
    }
  }

  /// Whether a file is meant as a sweep: it has a key that only sweeps have.
  package static func isMeant(by fields: Fields) -> Bool {
    fields.keys.contains {
      ["recipe", "axes", "settings", "evaluation", "references"].contains($0)
    }
  }

  /// Checks every cell, the tasks and the references without opening any data.
  ///
  /// - Throws: `InputError` naming the cell.
  package func check() throws {
    for cell in cells {
      _ = try cell.naming(file) {
        try PretrainingPlan.recipe(cell.recipe, cell.options(limit: limit)) { _ in
          RecipeData.example
        }
      }
    }
    for reference in references { try EvaluationSubject.check(reference) }
  }

  /// What the sweep is, in a few words.
  package var summary: String {
    let settings = Set(cells.map(\.setting)).count
    return "\(cells.count) cells (\(settings) settings), "
      + "\(tasks.count) tasks, \(references.count) references"
  }
}
