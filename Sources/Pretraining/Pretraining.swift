import Checkpoints
import Foundation
import Support
import Tensors
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
  /// `KEY=VALUE` for any key of the recipe.
  package var assignments: [String] = []
  package var resume = false

  /// No additions.
  package init() {}

  /// Puts the options into a recipe; `--set`s come last and win.
  fileprivate func apply(to fields: Fields) throws {
    func set(_ key: String, _ value: JSON?, _ option: String) throws {
      if let value { try fields.override(path: key, value: value, option: option) }
    }
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
  let path = try Catalogue.path(of: recipeName, in: "tasks/pretrain", kind: "recipe")
  let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
  let fields = try Fields(contentsOf: path)
  try options.apply(to: fields)
  var opened: Dataset?
  let recipe = try Recipe(fields, name: name) { specification in
    var dataset = try openDataset(specification)
    if let limit = options.limit { dataset = dataset.limited(to: limit) }
    opened = dataset
    return dataset.train.count
  }
  guard let dataset = opened else { throw InputError(path, "names no data", "give --data") }
  let folder = CheckpointFolder(options.out ?? "checkpoints/\(name)")
  if !options.resume, folder.exists {
    throw InputError(
      folder.path, "holds a checkpoint already", "add --resume to go on, or choose another --out")
  }
  if recipe.batchSize != recipe.requestedBatchSize {
    Log.note(
      "batch size \(recipe.requestedBatchSize) → \(recipe.batchSize): there are "
        + "\(dataset.train.count) images (set --batch-size to insist)")
  }
  let pool = WorkerPool(threads: options.threads ?? availableProcessors)
  defer { pool.close() }
  try Trainer(recipe, dataset: dataset, folder: folder, pool: pool).run(resume: options.resume)
  return folder
}
