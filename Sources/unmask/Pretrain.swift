import ArgumentParser
import Checkpoints
import Pretraining
import Support
import Tensors

/// `unmask pretrain`: trains an encoder by a recipe.
struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an encoder by a recipe and write a checkpoint folder.",
    discussion: """
      Example: unmask pretrain mae-tiny --data cifar10:DIR --epochs 20 --out checkpoints/mae-c10

      A run that was stopped goes on with --resume and ends with the same weights, bit for bit.
      """)

  @Argument(help: "A recipe's name (see 'unmask list recipes') or the path of a YAML file.")
  var recipe: String

  @Option(help: "Images to train on: kind:path?option=value (see 'unmask list datasets').")
  var data: String?

  @Option(help: "Architecture / patch @ input side, as vit-tiny/4@32.")
  var encoder: String?

  @Option(help: "Checkpoint folder; checkpoints/RECIPE if not given.")
  var out: String?

  @Option(help: "Passes over the data.")
  var epochs: Int?

  @Option(help: "Examples of one step.")
  var batchSize: Int?

  @Option(help: "Fixes weights, order, views and masks.")
  var seed: Int?

  @Option(help: "Use at most this many images.")
  var limit: Int?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Set any key of the recipe: --set mask.ratio=0.5")
  var assignments: [String] = []

  @Flag(help: "Go on from the last saved step.")
  var resume = false

  @Option(help: "Write training curves beside the checkpoint, as event files for TensorBoard.")
  var log: TrainingLog?

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
  }

  func run() throws {
    var options = PretrainingOptions()
    options.data = data
    options.encoder = encoder
    options.out = out
    options.epochs = epochs
    options.batchSize = batchSize
    options.seed = seed
    options.threads = compute.threads
    options.precision = compute.precision
    options.limit = limit
    options.assignments = assignments
    options.resume = resume
    options.logsEvents = log == .tensorboard
    Interruption.advise(
      "what was done is saved; go on with: \(CommandLine.text(adding: "--resume"))")
    let folder = try pretrain(recipe, options)
    try StandardOutput.line(folder.path)
  }
}

/// The forms in which training curves are written, by their names on the command line.
enum TrainingLog: String, ExpressibleByArgument, CaseIterable {
  case tensorboard
}
