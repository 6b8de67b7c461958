import ArgumentParser
import Reporting
import Support
import Sweeps
import Tensors

/// `unmask sweep`: pretrains and evaluates every cell of a grid.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Pretrain and evaluate a grid of recipes, such as masks × ratios × seeds.",
    discussion: """
      Example: unmask sweep masks --data cifar10:DIR --epochs 12 --out results/masks

      What is finished is kept and a run that was stopped goes on with --resume, to the same bits. \
      Exit code 1: a cell failed; the others ran.
      """)

  @Argument(help: "A sweep's name (see 'unmask list sweeps') or the path of a YAML file.")
  var sweep: String

  @Option(help: "Folder of checkpoints, reports and sweep.json; results/NAME if not given.")
  var out: String?

  @Option(help: "Cells at once; they share the threads. Results do not depend on it.")
  var jobs = 1

  @Flag(help: "Go on with a sweep that was stopped; what is finished is kept.")
  var resume = false

  @Option(help: "Images to pretrain and evaluate on: kind:path?option=value.")
  var data: String?

  @Option(help: "Passes over the data, for all cells.")
  var epochs: Int?

  @Option(help: "Use at most this many images of a split, for a quick look.")
  var limit: Int?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Set any key of the sweep: --set settings.decoder.depth=1 --set evaluation.tasks=knn")
  var assignments: [String] = []

  @Flag(help: "Say what would be done, and stop.")
  var dryRun = false

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
    guard (1...64).contains(jobs) else {
      throw ValidationError("--jobs must be from 1 to 64, is \(jobs)")
    }
  }

  func run() throws {
    let sweep = try SweepRun(SweepDefinition(sweep, options), options)
    if dryRun {
      for line in sweep.plan { try StandardOutput.line(line) }
      return
    }
    sweep.plan.forEach { Log.note($0) }
    Interruption.advise(
      "what was done is saved; go on with: \(CommandLine.text(adding: "--resume"))")
    let outcome = try sweep.run()
    try StandardOutput.write(outcome.text(width: StandardOutput.width))
    Log.note("next: " + outcome.commands.joined(separator: "; "))
    if outcome.failures > 0 { throw Failure.failed }
  }

  private var options: SweepOptions {
    var options = SweepOptions()
    options.out = out
    options.jobs = jobs
    options.resume = resume
    options.threads = compute.threads
    options.data = data
    options.epochs = epochs
    options.limit = limit
    options.precision = compute.precision
    options.assignments = assignments
    options.command = CommandLine.text
    return options
  }
}
