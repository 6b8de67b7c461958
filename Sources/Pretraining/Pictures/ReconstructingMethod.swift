import Checkpoints
import Encoders
import Foundation
import Support
import Tensors

/// A method that hides patches and can show what it puts in their place.
package protocol ReconstructingMethod: PretrainingMethod {
  /// The mask of a sample in an epoch.
  func plan(sample: Int, epoch: Int, seed: UInt64) -> MaskPlan

  /// Images whose hidden patches are replaced by what the method predicts; visible ones stay.
  ///
  /// - Parameters:
  ///   - images: float32 `[count, channels, side, side]`, normalised.
  ///   - plans: one an image.
  ///   - graph: the computation.
  /// - Returns: `count × channels × side × side` values, normalised as the images are.
  func reconstructions(of images: Node, plans: [MaskPlan], in graph: Graph) -> [Float]
}

/// The method that a checkpoint was pretrained with, its decoder and heads as they were at the end.
///
/// - Parameters:
///   - folder: a checkpoint folder.
///   - encoder: its encoder.
/// - Returns: the method; nil if the folder does not say how it was pretrained, or keeps no decoder.
/// - Throws: `InputError` when a file is damaged or does not fit the encoder.
package func pretrainingMethod(of folder: CheckpointFolder, encoder: VisionTransformer) throws
  -> (any PretrainingMethod)?
{
  guard let training = try folder.training(), let configuration = training["configuration"],
    FileSystem.exists(folder.pretrainingPath),
    let type = allMethods.first(where: { $0.kind == training["method"]?.string })
  else { return nil }
  let fields = try Fields(json: configuration, file: folder.trainingPath)
  let method = try type.init(fields, encoder: encoder, seed: 0)
  try openCheckpoint(folder.pretrainingPath).load(into: method.parameters)
  return method
}
