import Evaluation
import Foundation
import Results
import Support
import Tensors

@testable import Reporting

/// Reports with simulated outcomes, for tests.
enum SampleReports {
  static let environment = ReportEnvironment(
    cpu: "Test CPU", cores: 2, threads: 2, precision: "fp32", libraries: ["onednn": "2.6.3"],
    operatingSystem: "Test OS", peakMemoryBytes: 1 << 20)

  static func dataset(count: Int = 1_000) -> DatasetSummary {
    DatasetSummary(
      id: "scenes", fingerprint: "abc", splits: ["train": 4_000, "test": count], classes: 10,
      splitHash: "def")
  }

  /// A task whose examples are right where `right` says so.
  static func task(
    _ name: String = "linear_probe", right: [Bool], config: JSON = ["epochs": 90],
    ids: [String]? = nil
  ) -> TaskResult {
    let labels = right.indices.map { $0 % 10 }
    let predictions = right.indices.map { right[$0] ? $0 % 10 : ($0 + 1) % 10 }
    let accuracy = ClassificationAccuracy(
      ids: ids ?? right.indices.map { "test/\($0)" }, labels: labels, predictions: predictions,
      inTopFive: right.indices.map { right[$0] || $0 % 3 != 0 },
      classes: (0..<10).map { "class \($0)" })
    var task = TaskResult(
      task: name, version: 1, protocolName: "mae-linear-cpu@1",
      dataset: dataset(count: right.count), config: config)
    task.metrics = accuracy.metrics
    task.perClass = accuracy.perClass
    task.predictions = accuracy.predictions
    task.headline = "top1"
    task.hyperparameters = Hyperparameters(
      searched: ["learning_rate": [0.1, 0.3]], chosen: ["learning_rate": 0.3],
      chosenOn: "validation", isOnGridEdge: true)
    task.features = FeatureUse(requested: "class", resolved: "class token after the final norm")
    task.headParameters = 1_930
    task.seed = 0
    task.timing = Timing(seconds: 1.5, imagesPerSecond: 2_000)
    return task
  }

  /// Outcomes right with the given probability; the same seed shares its luck.
  static func outcomes(_ count: Int, accuracy: Double, seed: UInt64, luck: Double = 0.9) -> [Bool] {
    var own = RandomStream(seed: seed, purpose: "own outcomes")
    var shared = RandomStream(seed: 0, purpose: "shared outcomes")
    return (0..<count).map { _ in
      let (mine, common) = (own.uniformDouble(), shared.uniformDouble())
      return (own.uniformDouble() < luck ? common : mine) < accuracy
    }
  }

  static func report(_ name: String = "mae", tasks: [TaskResult]) -> Report {
    Report(
      created: Date(timeIntervalSince1970: 1_700_000_000),
      harness: Harness(name: "unmask", version: "0.1.0", commit: nil),
      command: "unmask evaluate \(name)",
      checkpoint: ReportCheckpoint(
        name: name, source: name, format: "safetensors", sha256: SHA256.hex(of: name),
        encoder: "vit-tiny/4@32", parameters: 5_400_000,
        pretraining: ["recipe": "mae", "mask": ["kind": "random", "ratio": 0.75]]),
      environment: environment, tasks: tasks)
  }

  static func simple(_ name: String = "mae", accuracy: Double = 0.7, seed: UInt64 = 1) -> Report {
    report(name, tasks: [task(right: outcomes(1_000, accuracy: accuracy, seed: seed))])
  }
}

/// The one line of an error; what else was thrown if it is not ours.
func line(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch let error as InputError {
    return error.errorDescription ?? ""
  } catch {
    return "not an InputError: \(error)"
  }
}
