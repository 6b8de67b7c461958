import ArgumentParser
import Checkpoints
import Support

/// `unmask inspect`: what a checkpoint is, without reading its weights.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a checkpoint is: format, family, encoder, what is used of it.",
    discussion: "Example: unmask inspect mae_pretrain_vit_base.pth --keys")

  @Argument(help: "A checkpoint folder or file.")
  var checkpoint: String

  @Flag(help: "Name every tensor that is renamed or ignored.")
  var keys = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Say how to read the checkpoint: --set checkpoint.map=dino")
  var assignments: [String] = []

  func run() throws {
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
