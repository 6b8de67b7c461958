import ArgumentParser
import Checkpoints
import Evaluation
import Reporting
import Results
import Support
import Tensors

/// `unmask evaluate`: runs tasks on checkpoints and writes a report for each.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run tasks on checkpoints and write one report for each.",
    discussion: """
      Example: unmask evaluate checkpoints/mae random:vit-tiny/4@32 pixels \
      --tasks knn,linear_probe --data scenes

      A checkpoint is a folder, a file, random:ENCODER (untrained) or pixels (no encoder). Finished \
      tasks and features are kept and not computed again; --fresh ignores them. Each is named after its \
      path, or as NAME=CHECKPOINT says; later runs of other tasks or data add to its report.
      """)

  @Argument(
    help: "Checkpoints, each perhaps as NAME=CHECKPOINT: folders, files, random:ENCODER, pixels.")
  var checkpoints: [String]

  @Option(help: "Tasks, separated by commas (see 'unmask list tasks'), or all.")
  var tasks: String = "all"

  @Option(help: "Labelled images: kind:path?option=value (see 'unmask list datasets').")
  var data: String?

  @Option(help: "Folder for results: one folder a checkpoint.")
  var out: String = "results"

  @Option(help: "The name of the only checkpoint in reports.")
  var name: String?

  @Option(help: "Fixes every random choice.")
  var seed: UInt64 = 0

  @Option(help: "Use at most this many images of a split; the report says so.")
  var limit: Int?

  @Option(help: "Leave out at most this many pictures that cannot be read; the report names them.")
  var skipUnreadable: Int?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Set a key of a task, or how to read a checkpoint: --set knn.temperature=0.1")
  var assignments: [String] = []

  @Flag(help: "Ignore kept features and finished tasks.")
  var fresh = false

  @Flag(help: "Say what would be done, and stop.")
  var dryRun = false

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
    if let skipUnreadable, skipUnreadable < 0 {
      throw ValidationError("--skip-unreadable must be at least 0, is \(skipUnreadable)")
    }
    guard Int(exactly: seed) != nil else {
      throw ValidationError("--seed must be at most \(Int.max), is \(seed)")
    }
    if name != nil, checkpoints.count > 1 {
      throw ValidationError("--name names one checkpoint, and there are \(checkpoints.count)")
    }
  }

  func run() throws {
    let precision = compute.precision ?? .fp32
    let names = tasks.split(separator: ",").map(String.init)
    var settings = assignments
    let options = try CheckpointOptions(takingFrom: &settings)
    var plan = EvaluationPlan(
      checkpoints: checkpoints, name: name,
      tasks: try TaskCatalog.load(names, assignments: settings), data: data, output: out,
      seed: seed, threads: compute.threads, precision: precision, limit: limit, isFresh: fresh)
    plan.checkpointOptions = options
    plan.skipUnreadable = skipUnreadable
    _ = try plan.planned()
    let environment = { [compute] in
      ReportEnvironment.current(threads: compute.threads, precision: precision.rawValue)
    }
    let kept = KeptResults(folder: plan.cache.folder + "/results")
    plan.admit = { subject, folder in try ResultsFolder(folder).admit(subject) }
    if dryRun {
      let lines = try EvaluationRun.describe(plan, finished: kept)
      for line in lines { try StandardOutput.line(line) }
      return
    }
    Interruption.advise("what was finished is kept; go on with: \(CommandLine.text)")
    var entries: [ReportEntry] = []
    var failures = 0
    try EvaluationRun.run(plan, finished: kept) { outcome in
      let report = Report(outcome, command: CommandLine.text, environment: environment())
      failures += report.failures.count
      try ResultsFolder(outcome.folder).add(report)
      entries += try loadReports([outcome.folder])
    }
    let pool = WorkerPool(threads: compute.threads)
    defer { pool.close() }
    let comparison = try Comparison(entries, pool: pool)
    try StandardOutput.write(comparison.text(.table, width: StandardOutput.width))
    if failures > 0 { throw Failure.failed }
  }
}
