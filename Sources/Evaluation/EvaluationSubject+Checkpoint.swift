import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Vision

extension EvaluationSubject {
  /// A checkpoint from a folder or file, ours or other people's.
  ///
  /// - Parameter source: the path.
  /// - Returns: its encoder, with what is known about it.
  /// - Throws: `InputError` when there is nothing at the path or it is unusable.
  static func checkpoint(_ source: String) throws -> EvaluationSubject {
    try checkExistence(source)
    let loaded = try loadCheckpoint(source)
    let folder = CheckpointFolder(source)
    return EvaluationSubject(
      name: safeName(shortName(source)), source: source,
      format: folder.exists ? "unmask" : loaded.description.format,
      weightsHash: try checkpointHash(source), encoder: loaded.encoder,
      preprocessing: loaded.preprocessing, pretraining: try folder.training(),
      loading: loaded.description.json(keys: false))
  }

  /// Refuses what cannot be a checkpoint, before anything is computed.
  ///
  /// - Parameter source: a checkpoint as typed.
  /// - Throws: `InputError` when there is no such file or encoder, or the file is no checkpoint.
  static func check(_ source: String) throws {
    if source == "pixels" { return }
    if source.hasPrefix("random:") {
      return try EncoderCatalog.validate(String(source.dropFirst("random:".count)))
    }
    try checkExistence(source)
    _ = try CheckpointReading(source)
  }

  private static func checkExistence(_ source: String) throws {
    guard !FileManager.default.fileExists(atPath: source) else { return }
    let isEncoder = EncoderCatalog.architectures.contains { source.hasPrefix($0.name) }
    throw InputError(
      source, "there is no such file or folder",
      isEncoder
        ? "write random:\(source) for an untrained encoder"
        : "give a checkpoint, random:ENCODER or pixels")
  }

  /// The last component of a path, without the ending of a file.
  private static func shortName(_ source: String) -> String {
    let url = URL(fileURLWithPath: source).standardizedFileURL
    return url.hasDirectoryPath
      ? url.lastPathComponent : url.deletingPathExtension().lastPathComponent
  }
}
