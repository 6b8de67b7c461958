import ArgumentParser
import Checkpoints
import Evaluation
import Support
import Tensors
import Vision

/// `unmask features`: what an encoder says of images, as a NumPy array.
struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write an encoder's features of images as a NumPy array.",
    discussion: """
      Example: unmask features vit_base.pth --data folder:DIR --out features.npy --pool mean

      Tokens come as class token, register tokens, patches in raster order.
      """)

  @Argument(help: "A checkpoint folder or file, or random:ENCODER.")
  var checkpoint: String

  @Option(help: "Images: kind:path?option=value (see 'unmask list datasets').")
  var data: String?

  @Option(help: "Preprocessed images: float32 [images, channels, height, width] in a .npy file.")
  var tensors: String?

  @Option(help: "Which images of --data: train, validation or test.")
  var split = "test"

  @Option(help: "The .npy file to write: float32.")
  var out: String

  @Option(help: "Read the output of this block, from 1, instead of that of the final norm.")
  var layer: Int?

  @Option(
    help: """
      What to write of an image's tokens: tokens (all), class, or mean (of patches); or logits, the \
      scores of the checkpoint's own classifier.
      """)
  var pool: FeaturePool = .class

  @Option(help: "Use at most this many images.")
  var limit: Int?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Say how to read the checkpoint: --set checkpoint.side=224")
  var assignments: [String] = []

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (data == nil) != (tensors == nil) else {
      throw ValidationError("give either --data or --tensors")
    }
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
  }

  func run() throws {
    if let obstacle = FileSystem.obstacle(at: out) { throw obstacle }
    let subject = try EvaluationSubject.load(
      checkpoint, seed: 0, options: CheckpointOptions(assignments: assignments))
    let workers = WorkerPool(threads: compute.threads)
    defer { workers.close() }
    let shape = try exportFeatures(
      FeatureRequest(pool.kind, layer: layer), of: subject, on: images(for: subject), to: out,
      pool: workers, precision: compute.precision ?? .fp32)
    try StandardOutput.line("\(out): float32 \(shape)")
  }

  private func images(for subject: EvaluationSubject) throws -> FeatureImages {
    if let tensors {
      let archive = try openCheckpoint(tensors)
      guard let name = archive.names.first, archive.names.count == 1 else {
        throw InputError(tensors, "holds \(archive.names.count) arrays", "give a .npy file of one")
      }
      return try FeatureImages(
        archive.floats(name), side: subject.preprocessing.side, channels: subject.channels,
        source: tensors)
    }
    var dataset = try openDataset(data ?? "")
    if let limit { dataset = dataset.limited(to: limit) }
    guard let chosen = dataset.splits.first(where: { $0.name == split }) else {
      throw InputError(
        "--split \(split)", "\(dataset.id) has no such split",
        suggestion(for: split, among: dataset.splits.map { $0.name }))
    }
    return FeatureImages(
      chosen.split, preprocessing: subject.preprocessing, channels: subject.channels)
  }
}

/// What is written of an image's tokens, by its name on the command line.
enum FeaturePool: String, ExpressibleByArgument, CaseIterable {
  case tokens, `class`, mean, logits

  /// The same in the words of the features.
  var kind: FeatureKind {
    switch self {
    case .tokens: .tokens
    case .class: .classToken
    case .mean: .mean
    case .logits: .classifier
    }
  }
}
