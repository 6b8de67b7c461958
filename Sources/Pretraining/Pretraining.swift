import Checkpoints
import Foundation
import Support
import Tensors
import Training
import Vision

/// What the command line adds to a recipe.
package struct PretrainingOptions: Sendable {
  package var data: String?
  package var encoder: String?
  package var out: String?
  package var epochs: Int?
  package var batchSize: Int?
  package var seed: Int?
  package var threads: Int?
  package var precision: Precision?
  /// At most this many images.
  package var limit: Int?
  /// What a sweep sets of the recipe, before everything else: keys joined by dots, and values.
  package var settings: [(key: String, value: FieldValue)] = []
  /// `KEY=VALUE` for any key of the recipe.
  package var assignments: [String] = []
  package var resume = false
  /// Whether to write TensorBoard event files beside the checkpoint.
  package var logsEvents = false

  /// No additions.
  package init() {}

  /// Puts the options into a recipe; `--set`s come last and win.
  fileprivate func apply(to fields: Fields) throws {
    func set(_ key: String, _ value: JSON?, _ option: String) throws {
      if let value { try fields.override(path: key, value: value, option: option) }
    }
    for (key, value) in settings { try fields.override(path: key, value: value, subject: key) }
    try set("data", data.map { .string($0) }, "--data")
    try set("encoder", encoder.map { .string($0) }, "--encoder")
    try set("epochs", epochs.map { .integer($0) }, "--epochs")
    try set("batch_size", batchSize.map { .integer($0) }, "--batch-size")
    // An explicit batch size is meant: it is not made smaller.
    try set("minimum_steps", batchSize.map { _ in 1 }, "--batch-size")
    try set("seed", seed.map { .integer($0) }, "--seed")
    try set("precision", precision.map { .string($0.rawValue) }, "--precision")
    for assignment in assignments { try fields.override(assignment) }
  }
}

/// A recipe with its data, checked and ready to run.
package struct PretrainingPlan {
  package let recipe: Recipe
  package let dataset: Dataset

  /// Reads a recipe and opens its data.
  ///
  /// - Parameters:
  ///   - recipeName: a name under `tasks/pretrain`, or the path of a YAML file.
  ///   - options: what is added to it.
  ///   - open: opens the data of a specification.
  /// - Throws: `InputError` when the recipe or the data is unusable.
  package init(
    _ recipeName: String, _ options: PretrainingOptions,
    open: (String) throws -> Dataset = openDataset
  ) throws {
    var opened: Dataset?
    recipe = try Self.recipe(recipeName, options) { specification in
      var dataset = try open(specification)
      if let limit = options.limit { dataset = dataset.limited(to: limit) }
      opened = dataset
      return RecipeData(dataset)
    }
    guard let opened else { throw InputError(recipeName, "names no data", "give --data") }
    dataset = opened
    if let classes = recipe.classes, classes != opened.classes.count {
      throw InputError(
        recipe.name,
        "its target names \(classes) classes, and \(opened.id) has \(opened.classes.count)",
        "leave target.classes out")
    }
  }

  /// Reads a recipe without its data.
  ///
  /// - Parameters:
  ///   - name: a name under `tasks/pretrain`, or the path of a YAML file.
  ///   - options: what is added to it.
  ///   - describe: what a recipe has to know of the data of a specification.
  /// - Returns: the recipe.
  /// - Throws: `InputError` when the recipe is unusable.
  package static func recipe(
    _ name: String, _ options: PretrainingOptions,
    describe: (String) throws -> RecipeData
  ) throws -> Recipe {
    let path = try Catalogue.path(of: name, in: "tasks/pretrain", kind: "recipe")
    let fields = try Fields(contentsOf: path)
    try options.apply(to: fields)
    let file = path.fileStem
    return try Recipe(fields, name: file, describe: describe)
  }

  /// Identifies recipe and data: equal ones give equal weights.
  package var fingerprint: String { recipe.fingerprint(of: dataset) }
  /// Steps of the whole run.
  package var steps: Int { recipe.epochs * recipe.stepsPerEpoch(images: dataset.train.count) }

  /// Trains to the end.
  ///
  /// - Parameters:
  ///   - folder: where the checkpoint goes.
  ///   - pool: the workers.
  ///   - resume: whether to go on from the last saved step, when there is one.
  ///   - logsEvents: whether to write TensorBoard event files.
  /// - Returns: the seconds that training took, those before it was interrupted included.
  /// - Throws: `InputError` when an image or the folder is unusable, or the loss is not finite.
  @discardableResult
  package func train(
    into folder: CheckpointFolder, pool: WorkerPool, resume: Bool, logsEvents: Bool = false
  ) throws -> Double {
    let trainer = try Trainer(
      recipe, dataset: dataset, folder: folder, pool: pool,
      log: logsEvents ? EventLog(folder.path) : nil)
    try trainer.run(resume: resume)
    return trainer.seconds
  }
}

/// Trains an encoder by a recipe and writes a checkpoint folder.
///
/// - Parameters:
///   - recipeName: a name under `tasks/pretrain`, or the path of a YAML file.
///   - options: what the command line adds.
/// - Returns: the folder.
/// - Throws: `InputError` when the recipe, the data or the folder is unusable.
package func pretrain(_ recipeName: String, _ options: PretrainingOptions) throws
  -> CheckpointFolder
{
  let plan = try PretrainingPlan(recipeName, options)
  let recipe = plan.recipe
  let folder = CheckpointFolder(options.out ?? "checkpoints/\(recipe.name)")
  if !options.resume, folder.exists {
    throw InputError(
      folder.path, "holds a checkpoint already", "add --resume to go on, or choose another --out")
  }
  if recipe.batchSize != recipe.requestedBatchSize {
    Log.note(
      "batch size \(recipe.requestedBatchSize) → \(recipe.batchSize): there are "
        + "\(plan.dataset.train.count) images (set --batch-size to insist)")
  }
  let pool = WorkerPool(threads: options.threads ?? availableProcessors)
  defer { pool.close() }
  try plan.train(
    into: folder, pool: pool, resume: options.resume, logsEvents: options.logsEvents)
  return folder
}
