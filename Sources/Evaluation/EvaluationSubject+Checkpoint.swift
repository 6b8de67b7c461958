import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Vision

extension EvaluationSubject {
  /// A checkpoint from a folder or file.
  ///
  /// - Parameters:
  ///   - source: the path.
  ///   - options: what the user says about it.
  /// - Returns: the checkpoint.
  /// - Throws: `InputError` when there is nothing at the path or it is unusable.
  static func checkpoint(_ source: String, options: CheckpointOptions) throws -> EvaluationSubject {
    guard FileSystem.exists(source) else {
      let known = EncoderCatalog.architectures.map { $0.name }
      let isEncoder = known.contains { source.hasPrefix($0) }
      throw InputError(
        source, "there is no such file or folder",
        isEncoder
          ? "write random:\(source) for an untrained encoder"
          : "give a checkpoint, random:ENCODER or pixels")
    }
    let reading = try CheckpointReading(source, options: options)
    for note in reading.description.notes { Log.note("\(source): \(note)") }
    // The hash is waited for even when loading fails: a program must not end while a thread computes.
    let hashing = Background { try checkpointHash(source) }
    let outcome = Result { try reading.load() }
    let hash = Result { try hashing.value() }
    let loaded = try outcome.get()
    // What was hashed and what was read must be the same file.
    try withExtendedLifetime(reading) { try MappedFile.checkAllUnchanged() }
    let folder = CheckpointFolder(source)
    return EvaluationSubject(
      name: CheckpointPath(source).name(detail: 0), source: source,
      format: folder.exists ? "unmask" : loaded.description.format,
      weightsHash: try hash.get(), encoder: loaded.encoder, head: loaded.head,
      preprocessing: loaded.preprocessing,
      pretraining: folder.exists ? try folder.training() : nil,
      loading: loaded.description.json(keys: false))
  }
}
