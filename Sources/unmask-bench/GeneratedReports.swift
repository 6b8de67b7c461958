import Evaluation
import Foundation
import Reporting
import Results
import Support
import Tensors

/// Writes reports with drawn outcomes into the folder `out`: what `compare` and `report` are timed on.
///
/// Checkpoint i is right with a probability that rises from 0.5 to 0.8; a tenth of its luck is its own.
func generateReports(_ options: Options) throws -> JSON {
  let (checkpoints, tasks) = (options.integer("checkpoints", 200), options.integer("tasks", 1))
  let examples = options.integer("examples", 10_000)
  let out = options.string("out", "")
  guard !out.isEmpty else { throw InputError("out", "names no folder", "add out=DIR") }
  let seconds = try repeated(1, warmUps: 0) {
    for checkpoint in 0..<checkpoints {
      let accuracy = 0.5 + 0.3 * Double(checkpoint) / Double(checkpoints)
      let results = (0..<tasks).map {
        generatedTask($0, checkpoint, accuracy: accuracy, examples: examples)
      }
      try generatedReport(checkpoint, results).write("\(out)/\(10_000 + checkpoint)")
    }
  }
  return result("reports", seconds: seconds, images: checkpoints * tasks * examples)
}

private func generatedTask(_ index: Int, _ checkpoint: Int, accuracy: Double, examples: Int)
  -> TaskResult
{
  var shared = RandomStream(seed: 0, purpose: "shared luck", index)
  var own = RandomStream(seed: 0, purpose: "own luck", index, checkpoint)
  let right = (0..<examples).map { _ in
    let (common, mine) = (shared.uniformDouble(), own.uniformDouble())
    return (own.uniformDouble() < 0.9 ? common : mine) < accuracy
  }
  let outcome = ClassificationAccuracy(
    ids: right.indices.map { "test/\($0)" }, labels: right.indices.map { $0 % 10 },
    predictions: right.indices.map { (right[$0] ? $0 : $0 + 1) % 10 },
    inTopFive: right.indices.map { right[$0] || $0 % 3 != 0 },
    classes: (0..<10).map { "class \($0)" })
  var task = TaskResult(
    task: "task\(index)", version: 1, protocolName: "generated@1",
    dataset: DatasetSummary(
      id: "generated", fingerprint: "generated", splits: ["train": 4 * examples, "test": examples],
      classes: 10))
  task.metrics = outcome.metrics
  task.perClass = outcome.perClass
  task.predictions = outcome.predictions
  task.headline = "top1"
  task.seed = 0
  task.timing = Timing(seconds: 1, imagesPerSecond: Double(examples))
  return task
}

private func generatedReport(_ index: Int, _ tasks: [TaskResult]) -> Report {
  Report(
    created: Date(), harness: .current, command: "unmask-bench reports",
    checkpoint: ReportCheckpoint(
      name: "checkpoint \(index)", source: "generated", format: "reference",
      sha256: SHA256.hex(of: "\(index)"), encoder: "vit-tiny/4@32", parameters: 5_400_000,
      pretraining: ["recipe": "mae", "mask": ["kind": "random", "ratio": 0.75]]),
    environment: ReportEnvironment(
      cpu: "generated", cores: 2, threads: 2, precision: "fp32", libraries: [:],
      operatingSystem: "generated", peakMemoryBytes: 0),
    tasks: tasks)
}
