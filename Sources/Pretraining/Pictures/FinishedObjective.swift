import Checkpoints
import Encoders
import Foundation
import Support
import Training

extension PretrainingObjective {
  /// The objective that a checkpoint was pretrained with, its decoder and heads as they were at the end.
  ///
  /// - Parameters:
  ///   - folder: a checkpoint folder.
  ///   - encoder: its encoder.
  /// - Returns: the objective; nil if the folder does not say how it was pretrained, or keeps no decoder.
  /// - Throws: `InputError` when a file is damaged or does not fit the encoder.
  package static func finished(_ folder: CheckpointFolder, encoder: any Encoder) throws
    -> PretrainingObjective?
  {
    guard let training = try folder.training(), let configuration = training["configuration"],
      FileSystem.exists(folder.pretrainingPath)
    else { return nil }
    let objective = try PretrainingObjective(
      Fields(json: configuration, file: folder.trainingPath), encoder: encoder)
    objective.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0))
    try openCheckpoint(folder.pretrainingPath).load(into: objective.parameters)
    return objective
  }
}
