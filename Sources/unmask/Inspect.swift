import ArgumentParser
import Checkpoints
import Support
import Vision

/// `unmask inspect`: what a checkpoint is, without reading its weights, or what data are taken for.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a checkpoint is, or what data are taken for.",
    discussion: """
      Example: unmask inspect mae_pretrain_vit_base.pth --keys
      Example: unmask inspect folder:photos

      Of a checkpoint: format, family, encoder, what is used of it. Of data: kind, splits, classes and \
      their order, sizes, what is left out.
      """)

  @Argument(help: "A checkpoint folder or file, data as kind:path, or a folder of data.")
  var checkpoint: String

  @Flag(help: "Name every tensor that is renamed or ignored; of data, every class.")
  var keys = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Say how to read the checkpoint: --set checkpoint.map=dino")
  var assignments: [String] = []

  /// Whether data are meant: a folder may hold either, and one that can be opened is a checkpoint.
  private var isData: Bool {
    DatasetDescription.isMeant(by: checkpoint) && (try? openCheckpoint(checkpoint)) == nil
  }

  func run() throws {
    guard !isData else {
      let description = try DatasetDescription(checkpoint)
      guard !json else { return try StandardOutput.json(description.json) }
      for line in description.lines(all: keys) { try StandardOutput.line(line) }
      return
    }
    let reading = try CheckpointReading(
      checkpoint, options: CheckpointOptions(assignments: assignments))
    let hash = try checkpointHash(checkpoint)
    let description = reading.description
    guard !json else {
      var members = description.json(keys: keys).object ?? [:]
      members["sha256"] = .string(hash)
      return try StandardOutput.json(.object(members))
    }
    for line in description.lines(keys: keys, hash: hash) { try StandardOutput.line(line) }
  }
}
