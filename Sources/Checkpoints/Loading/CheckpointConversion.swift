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
  if let refusal = reading.plan.architecture.refusalToConvert {
    throw InputError(reading.description.source, refusal, "use it as it is")
  }
  let folder = CheckpointFolder(path)
  let loaded = try reading.load()
  if !loaded.preprocessing.isTimm {
    Log.note(
      "\(reading.description.source): timm has no transform that is quite \(loaded.preprocessing.view); "
        + "Unmask reads the converted folder's exactly")
  }
  let source: JSON = ["converted_from": reading.description.json(keys: false)]
  let head = loaded.head.flatMap { $0.isTimm ? $0 : nil }
  if head == nil, let left = loaded.head {
    Log.note(
      "\(reading.description.source): its classifier is left out, because timm has none that "
        + "reads \(left.pooling.rawValue)")
  }
  try folder.write(
    loaded.encoder, preprocessing: loaded.preprocessing, classifier: head, training: source)
  return folder
}
