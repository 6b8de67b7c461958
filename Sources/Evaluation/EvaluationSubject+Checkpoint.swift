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
    throw InputError(source, "checkpoints cannot be read yet")
  }
}
