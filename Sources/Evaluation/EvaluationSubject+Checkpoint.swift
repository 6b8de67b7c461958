import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Vision

extension EvaluationSubject {
  /// A checkpoint from a folder or file.
  ///
  /// - Parameter source: the path.
  /// - Throws: `InputError` when there is nothing at the path or it is unusable.
  static func checkpoint(_ source: String) throws -> EvaluationSubject {
    guard FileManager.default.fileExists(atPath: source) else {
      let known = EncoderCatalog.architectures.map { $0.name }
      let isEncoder = known.contains { source.hasPrefix($0) }
      throw InputError(
        source, "there is no such file or folder",
        isEncoder
          ? "write random:\(source) for an untrained encoder"
          : "give a checkpoint, random:ENCODER or pixels")
    }
    let folder = CheckpointFolder(source)
    if folder.exists { return try ours(folder, source: source) }
    throw InputError(source, "is no checkpoint folder of Unmask", "give the folder of a checkpoint")
  }

  /// A checkpoint that Unmask wrote.
  private static func ours(_ folder: CheckpointFolder, source: String) throws -> EvaluationSubject {
    let (encoder, preprocessing) = try folder.read()
    let name = URL(fileURLWithPath: source).standardizedFileURL.lastPathComponent
    return EvaluationSubject(
      name: safeName(name), source: source, format: "unmask",
      weightsHash: try SHA256.hex(ofFile: folder.modelPath), encoder: encoder,
      preprocessing: preprocessing, pretraining: try folder.training())
  }
}
