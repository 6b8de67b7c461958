import ArgumentParser
import Encoders
import Pretraining
import Support
import Vision

/// `unmask list`: what can be named on the command line.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what can be named on the command line.",
    discussion: "Example: unmask list recipes")

  /// The kinds of things that can be listed.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case tasks, recipes, sweeps, masks, encoders, datasets, corruptions
  }

  @Argument(help: "What to list.")
  var kind: Kind

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let entries = entries(of: kind)
    guard !json else { return try StandardOutput.json(.array(entries.map(\.json))) }
    let width = entries.map { $0.name.count }.max() ?? 0
    for entry in entries {
      let padding = String(repeating: " ", count: width - entry.name.count)
      let isAlone = entry.summary.isEmpty
      try StandardOutput.line(isAlone ? entry.name : "\(entry.name)\(padding)  \(entry.summary)")
      for option in entry.options {
        try StandardOutput.line("  ?\(option.name)=  \(option.summary)")
      }
    }
  }

  /// A name and what it stands for.
  private struct Entry {
    let name: String
    let summary: String
    var options: [DatasetOption] = []

    var json: JSON {
      var members: [String: JSON] = ["name": .string(name), "summary": .string(summary)]
      if !options.isEmpty {
        members["options"] = .array(
          options.map { ["name": .string($0.name), "summary": .string($0.summary)] })
      }
      return .object(members)
    }
  }

  private func entries(of kind: Kind) -> [Entry] {
    switch kind {
    case .tasks: files(in: "tasks", kind: "task")
    case .recipes: files(in: "tasks/pretrain", kind: "recipe")
    case .sweeps: files(in: "tasks/sweeps", kind: "sweep")
    case .masks: allMasks.map { Entry(name: $0.kind, summary: $0.summary) }
    case .encoders: EncoderCatalog.architectures.map { Entry(name: $0.name, summary: $0.summary) }
    case .corruptions: allCorruptions.map { Entry(name: $0.kind, summary: $0.summary) }
    case .datasets:
      allDatasets.map { dataset in
        let name = dataset.placeholder.map { "\(dataset.kind):\($0)" } ?? dataset.kind
        return Entry(name: name, summary: dataset.summary, options: dataset.options)
      }
    }
  }

  private func files(in folder: String, kind: String) -> [Entry] {
    Catalogue.names(in: folder).map { name in
      let path = try? Catalogue.path(of: name, in: folder, kind: kind)
      return Entry(name: name, summary: path.map { Catalogue.summary(of: $0) } ?? "")
    }
  }

}
