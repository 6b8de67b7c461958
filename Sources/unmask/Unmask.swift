import ArgumentParser
import Reporting
import Results
import Support
import Tensors

/// The command line: parses, calls, prints.
@main
struct Unmask: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unmask",
    abstract: "Pretrain, load and evaluate vision encoders, comparably and with error bars.",
    discussion: """
      Example: unmask evaluate checkpoints/mae random:vit-tiny/4@32 pixels \
      --tasks knn,linear_probe --data scenes

      Exit codes: 0 done; 1 a task or the gate failed; 2 wrong usage or unusable input; 3 the gate \
      could not decide. Data goes to standard output, everything else to standard error.
      """,
    version: Harness.current.version,
    subcommands: [
      Pretrain.self, Evaluate.self, SweepCommand.self, Compare.self, GateCommand.self,
      ReportCommand.self, Inspect.self, Convert.self, Features.self, Score.self, Corrupt.self,
      List.self, Validate.self, New.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot(Array(Environment.arguments.dropFirst()))
      try Environment.check()
      try ProductBackend.check()
      try command.run()
    } catch {
      Failure(error).exit()
    }
  }
}
