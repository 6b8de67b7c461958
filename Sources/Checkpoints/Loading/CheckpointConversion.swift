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
  if case .visionTransformer(let configuration) = reading.plan.architecture,
    configuration.rotary != nil
  {
    throw InputError(
      reading.description.source, "has rotary positions, which converted folders do not hold",
      "use it as it is")
  }
  let folder = CheckpointFolder(path)
  let loaded = try reading.load()
  if !loaded.preprocessing.isTimm {
    Log.note(
      "\(reading.description.source): timm has no transform that is quite \(loaded.preprocessing.view); "
        + "Unmask reads the converted folder's exactly")
  }
  let source: JSON = ["converted_from": reading.description.json(keys: false)]
  switch reading.plan.architecture {
  case .visionTransformer:
    guard let transformer = loaded.encoder as? VisionTransformer else { break }
    let head = loaded.head.flatMap { $0.isTimm ? $0 : nil }
    if head == nil, let left = loaded.head {
      Log.note(
        "\(reading.description.source): its classifier is left out, because timm has none that "
          + "reads \(left.pooling.rawValue)")
    }
    try folder.write(
      transformer, preprocessing: loaded.preprocessing, classifier: head, training: source)
  case .residualNetwork(let configuration):
    try folder.write(
      reading.originals(), of: configuration, name: loaded.encoder.name,
      preprocessing: loaded.preprocessing, classes: loaded.head?.classes ?? 0, training: source)
  }
  return folder
}

extension CheckpointReading {
  /// The tensors of the file under the names of `ModelPlan.originals`.
  fileprivate func originals() throws -> [(name: String, tensor: Tensor)] {
    try plan.originals.map { name, source in
      (name, try source.map { try archive.floats($0) } ?? Tensor([]))
    }
  }
}
