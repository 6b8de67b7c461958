import Foundation
import Support

/// What one task measured on one checkpoint: an entry of a report.
///
/// Everything that must be equal for two numbers to be comparable goes into `task`, `version`,
/// `protocolName`, `dataset` and `config`; nothing about the checkpoint does.
package struct TaskResult: Equatable, Sendable {
  /// How a task ended.
  package enum Status: String, CaseIterable, Sendable {
    case ok, failed, skipped
  }

  /// The task's name, for example `linear_probe`.
  package var task: String
  /// The version of the task's definition; a change of any number bumps it.
  package var version: Int
  /// The preset, for example `mae-linear-cpu@1`.
  package var protocolName: String
  /// The data; nil when a failed task never got to open it.
  package var dataset: DatasetSummary?
  /// The resolved configuration, without anything that belongs to the checkpoint or the machine.
  package var config: JSON
  /// The resolution at which dense predictions are scored, when that is not the label's own.
  package var scoringResolution: String?
  /// Versions of generators that the numbers depend on, for example of a built-in data set.
  package var generatorVersions: [String: Int] = [:]

  /// What was searched and chosen.
  package var hyperparameters: Hyperparameters?
  /// Which features were read.
  package var features: FeatureUse?
  /// How many parameters the head has.
  package var headParameters: Int?
  /// The seed of the run that `metrics` and `predictions` come from.
  package var seed: Int?

  /// The metrics by name; of the first seed when there are several.
  package var metrics: [String: Metric] = [:]
  /// The metric that stands for the task in tables; one of `metrics`.
  package var headline: String?
  /// The headline metric of each class, in the order of the classes.
  package var perClass: [ClassResult] = []
  /// Runs with several seeds, the first included; empty for a single run.
  package var seeds: [SeedResult] = []
  /// How long it took.
  package var timing: Timing?
  /// Outcomes of each test example, when just computed.
  package var predictions: Predictions?
  /// Where the outcomes are, in a report that was written or read.
  package var predictionsFile: PredictionsReference?
  /// The sets that the head was scored on, where there are several; `predictions` then sums them up.
  package var sets: [ScoredSet] = []
  /// Pictures, as paths relative to the report's folder.
  package var figures: [String] = []
  /// Pictures that no file holds yet.
  package var drawnFigures: [DrawnFigure] = []
  /// The comparability fields as a report recorded them; nil for a result of this run.
  package var recordedComparability: [String: JSON]?
  /// More numbers for people, such as curves; not compared.
  package var details: JSON = .object([:])

  /// The cap on images per split of a quick look; nil for a full run.
  package var limit: Int?
  /// Whether anything was selected on the test set, as some published protocols do.
  package var isOracleSelected = false
  /// How the task ended.
  package var status = Status.ok
  /// Why it did not end well, in one line.
  package var error: String?
  /// The run that made it, in a report to which several runs added; nil for the run that wrote the report.
  package var run: TaskRun?

  /// A result to be filled.
  package init(
    task: String, version: Int, protocolName: String, dataset: DatasetSummary?,
    config: JSON = .object([:])
  ) {
    self.task = task
    self.version = version
    self.protocolName = protocolName
    self.dataset = dataset
    self.config = config
  }

  /// The same entry as a failure, or as skipped, without any number.
  package func failed(_ error: any Error, as status: Status = .failed) -> TaskResult {
    var result = TaskResult(
      task: task, version: version, protocolName: protocolName, dataset: dataset, config: config)
    result.limit = limit
    result.timing = timing
    result.isOracleSelected = isOracleSelected
    result.status = status
    result.error = (error as? LocalizedError)?.errorDescription ?? String(describing: error)
    return result
  }

  /// The metric that stands for the task: `headline`, else `top1`, else the first by name.
  package var headlineName: String? {
    if let headline, metrics[headline] != nil { return headline }
    return metrics["top1"] != nil ? "top1" : metrics.keys.min()
  }
}

/// An earlier run into the folder of a report.
package struct TaskRun: Equatable, Sendable {
  /// The command line.
  package var command: String
  /// The program's version.
  package var version: String
  /// The commit that it was built from, where that is known.
  package var commit: String?
  /// What matrix products were computed in.
  package var precision: String

  /// A run by what was typed and what ran.
  package init(command: String, version: String, commit: String?, precision: String) {
    self.command = command
    self.version = version
    self.commit = commit
    self.precision = precision
  }
}

/// The data that a task was scored on.
package struct DatasetSummary: Equatable, Sendable {
  /// The data set's id, for example `cifar10`.
  package var id: String
  /// A hash of its contents.
  package var fingerprint: String
  /// How many images each split has, as used.
  package var splits: [String: Int]
  /// How many classes there are.
  package var classes: Int
  /// A hash of which examples are in which split, when a split was cut.
  package var splitHash: String?
  /// How the classes are ordered, `numbers` or `text`, where folder names give the order.
  package var classOrder: String?
  /// Files among the pictures that were not read, by ending.
  package var leftOut: [String: Int] = [:]
  /// The ids of pictures that were left out because they cannot be decoded.
  package var unreadable: [String] = []
  /// The ids of pictures that lack their last blocks and were read as far as they go.
  package var truncated: [String] = []
  /// Where its files were, which does not count for comparability; nil for generated data.
  package var location: String?

  /// A description of the data.
  package init(
    id: String, fingerprint: String, splits: [String: Int], classes: Int, splitHash: String? = nil
  ) {
    self.id = id
    self.fingerprint = fingerprint
    self.splits = splits
    self.classes = classes
    self.splitHash = splitHash
  }
}

/// How the values that are not fixed by the protocol were found.
package struct Hyperparameters: Equatable, Sendable {
  /// The values tried, by name: each an array.
  package var searched: JSON
  /// The values used, by name, with those that follow from them (effective batch size, learning rate).
  package var chosen: JSON
  /// The split on which they were chosen, for example `validation (10 % of train)`; `fixed` when
  /// nothing was chosen.
  package var chosenOn: String
  /// Whether a chosen value is the first or last of those tried.
  package var isOnGridEdge: Bool

  /// A record of a search.
  package init(searched: JSON, chosen: JSON, chosenOn: String, isOnGridEdge: Bool = false) {
    self.searched = searched
    self.chosen = chosen
    self.chosenOn = chosenOn
    self.isOnGridEdge = isOnGridEdge
  }
}

extension Hyperparameters {
  /// The chosen values that are the first or last of several tried, by name.
  package var edges: [(name: String, value: JSON, tried: [JSON])] {
    (searched.object ?? [:]).sorted { $0.key < $1.key }.compactMap { name, tried in
      guard let tried = tried.array, tried.count > 1, let value = chosen[name],
        value.double == tried.first?.double || value.double == tried.last?.double
      else { return nil }
      return (name, value, tried)
    }
  }
}

/// Which of the encoder's features a task read.
package struct FeatureUse: Equatable, Sendable {
  /// What the configuration asked for, for example `class` or `last 4 blocks`.
  package var requested: String
  /// What was read, for example `mean of 64 patch tokens after the final norm`.
  package var resolved: String

  /// Features as asked for and as read.
  package init(requested: String, resolved: String) {
    self.requested = requested
    self.resolved = resolved
  }
}

/// The metrics of a run with one seed.
package struct SeedResult: Equatable, Sendable {
  /// The seed.
  package var seed: Int
  /// The values by the metric's name.
  package var metrics: [String: Double]

  /// The values of one seed.
  package init(seed: Int, metrics: [String: Double]) {
    self.seed = seed
    self.metrics = metrics
  }
}

/// How long a task took.
package struct Timing: Equatable, Sendable {
  /// Wall-clock seconds.
  package var seconds: Double
  /// Images that went through the task per second.
  package var imagesPerSecond: Double

  /// A duration and a rate.
  package init(seconds: Double, imagesPerSecond: Double) {
    self.seconds = seconds
    self.imagesPerSecond = imagesPerSecond
  }
}

/// Where a task's outcomes are kept.
package struct PredictionsReference: Equatable, Sendable {
  /// The file, relative to the report's folder.
  package var path: String
  /// The SHA-256 of its bytes.
  package var sha256: String
  /// How many examples it holds.
  package var count: Int

  /// A reference to a file.
  package init(path: String, sha256: String, count: Int) {
    self.path = path
    self.sha256 = sha256
    self.count = count
  }
}
