import Foundation
import Results
import Support

/// What `gate.yaml` says; every field has a default.
package struct GateConfiguration: Equatable, Sendable {
  /// The margin of each gated metric by `task.metric`: the loss that does not matter.
  ///
  /// In points for fractions and per cents, else in the metric's unit. Empty: every headline metric,
  /// with the default margin.
  package var margins: [String: Double] = [:]
  /// The margin of a fraction or per cent that is not named, in points.
  package var defaultMargin = 1.0
  /// The one-sided chance of a false regression over all gated metrics together.
  package var alpha = 0.025
  /// The report of the untrained twin; nil to leave that check out.
  package var untrained: String?
  /// Reports of the baseline's recipe with other seeds; nil when the checkpoints are not retrained.
  package var seeds: String?
  /// A folder of earlier reports for the drift memory; nil for none.
  package var history: String?
  /// The report that drift is measured from; nil for the baseline.
  package var anchor: String?
  /// How many of the latest reports the drift memory looks at.
  package var historyLength = 20
  /// Features whose effective rank is below this share of their width have collapsed.
  package var leastEffectiveRank = 0.1
  /// Features whose mean pairwise cosine is above this have collapsed.
  package var largestMeanCosine = 0.95
  /// Bootstrap resamples for metrics that are not proportions.
  package var resamples = 2_000
  /// Keys that are there without a path, to be said.
  package var namesNothing: [String] = []

  /// The defaults.
  package init() {}

  /// Whether a file is meant as a gate's: it is called so, or has a key that only gates have.
  package static func isMeant(by fields: Fields) -> Bool {
    let recorder = Fields.recording()
    _ = try? GateConfiguration(recorder, folder: "")
    let own = Set(["metrics"] + recorder.descriptions.map(\.path))
    let name = fields.file.fileName
    return name.hasPrefix("gate") || fields.keys.contains { own.contains($0) }
  }

  /// Reads `gate.yaml`; paths in it are relative to its folder.
  ///
  /// - Throws: `InputError` naming the key that is wrong.
  package init(contentsOf path: String) throws {
    try self.init(Fields(contentsOf: path), folder: path.parentFolder)
  }

  /// Reads the fields of a `gate.yaml` that lies in `folder`.
  package init(_ fields: Fields, folder: String) throws {
    let metrics = try fields.takeFields("metrics", "margins by task.metric")
    for key in metrics.keys {
      margins[key] = try metrics.takeRequired(
        key, in: 0.0...1_000.0, "the loss that does not matter, in points")
    }
    defaultMargin = try fields.take(
      "default_margin", default: 1.0, in: 0.0...100.0, "margin in points where none is given")
    alpha = try fields.take(
      "alpha", default: 0.025, in: 1e-6...0.25, "chance of a false regression, over all metrics")
    var empty: [String] = []
    func path(_ key: String, _ documentation: String) throws -> String? {
      let path = try fields.takePath(key, documentation, below: folder)
      if path == nil, fields.keys.contains(key) { empty.append(key) }
      return path
    }
    untrained = try path("untrained", "report of the untrained twin")
    seeds = try path("seeds", "reports of the baseline's recipe with other seeds")
    history = try path("history", "folder of earlier reports")
    anchor = try path("anchor", "report that drift is measured from")
    namesNothing = empty
    historyLength = try fields.take(
      "history_length", default: 20, in: 2...200, "latest reports that drift is looked for in")
    leastEffectiveRank = try fields.take(
      "least_effective_rank", default: 0.1, in: 0.0...1.0, "share of the width; below is collapse")
    largestMeanCosine = try fields.take(
      "largest_mean_cosine", default: 0.95, in: 0.0...1.0, "above is collapse")
    resamples = try fields.take(
      "resamples", default: 2_000, in: 1_000...100_000, "bootstrap resamples")
    try fields.finish()
  }
}

extension Fields {
  /// A path, relative to `folder`; nil where there is none.
  ///
  /// Numbers and the like are no paths unless they are quoted.
  fileprivate func takePath(
    _ key: String, _ documentation: String, below folder: String
  ) throws -> String? {
    guard let value = takeValue(key, documentation) else { return nil }
    guard let path = value.json.string else {
      throw value.error(
        "\(key) must be a path, is \(value.text.map { "'\($0)'" } ?? value.json.kind)",
        value.text == nil ? "give one path" : "if a file or folder is called so, put it in quotes")
    }
    guard path.contains(where: { !$0.isWhitespace }) else { return nil }
    return path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
  }
}
