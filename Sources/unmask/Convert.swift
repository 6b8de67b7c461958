import ArgumentParser
import Checkpoints
import Support

/// `unmask convert`: any checkpoint as a checkpoint folder.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write any checkpoint as a checkpoint folder, which timm loads too.",
    discussion: "Example: unmask convert dino_deitsmall16_pretrain.pth --out checkpoints/dino-s16")

  @Argument(help: "A checkpoint folder or file.")
  var checkpoint: String

  @Option(help: "The folder to write.")
  var out: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Say how to read the checkpoint: --set checkpoint.branch=student")
  var assignments: [String] = []

  func run() throws {
    guard !CheckpointFolder(out).exists else {
      throw InputError(out, "holds a checkpoint already", "choose another --out")
    }
    let reading = try CheckpointReading(
      checkpoint, options: CheckpointOptions(assignments: assignments))
    try StandardOutput.line(try convertCheckpoint(reading, to: out).path)
  }
}
