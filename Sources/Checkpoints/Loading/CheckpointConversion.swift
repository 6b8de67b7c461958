import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Writes a checkpoint of any family as a checkpoint folder of ours, which timm loads too.
///
/// - Parameters:
///   - reading: the checkpoint.
///   - path: the folder to write.
/// - Returns: the folder.
/// - Throws: `InputError` when weights do not fit or the folder cannot be written.
package func convertCheckpoint(
  _ reading: CheckpointReading, to path: String
) throws -> CheckpointFolder {
  let folder = CheckpointFolder(path)
  let loaded = try reading.load()
  guard let transformer = loaded.encoder as? VisionTransformer else {
    throw InputError(
      reading.description.source, "'\(loaded.encoder.name)' cannot be converted",
      "only vision transformers can")
  }
  let source: JSON = ["converted_from": reading.description.json(keys: false)]
  try folder.write(
    transformer, preprocessing: loaded.preprocessing, classifier: loaded.head, training: source)
  return folder
}
