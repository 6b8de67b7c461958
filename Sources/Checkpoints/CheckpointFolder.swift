import Encoders
import Foundation
import Support
import Tensors
import Vision

/// A checkpoint as Unmask writes it, in the form that timm loads with no renaming.
///
/// `config.json` (timm's architecture and arguments, and ours), `model.safetensors` (timm's names),
/// `training.json` (recipe, seed, data, curve), `pretraining.safetensors` (decoder and heads) and
/// `state.safetensors` (optimiser, for resuming; removable).
package struct CheckpointFolder: Sendable {
  /// The folder.
  package let path: String

  /// A checkpoint folder at `path`, which need not exist yet.
  package init(_ path: String) { self.path = path }

  /// Path of the encoder's weights.
  package var modelPath: String { path + "/model.safetensors" }
  /// Path of the weights that only pretraining uses.
  package var pretrainingPath: String { path + "/pretraining.safetensors" }
  /// Path of what a resumed run needs.
  package var statePath: String { path + "/state.safetensors" }
  /// Path of the record of the run.
  package var trainingPath: String { path + "/training.json" }
  /// Path of the description of the encoder.
  package var configPath: String { path + "/config.json" }

  /// Whether the folder holds a checkpoint of ours.
  package var exists: Bool {
    [modelPath, configPath].allSatisfy { FileSystem.exists($0) }
      && (try? JSON.parse(contentsOf: configPath))?["unmask"] != nil
  }

  /// Writes the encoder, replacing what was there; each file appears whole or not at all.
  ///
  /// - Parameters:
  ///   - encoder: its weights go under timm's names.
  ///   - preprocessing: the transform of evaluation.
  ///   - classifier: one that came with the encoder; goes beside it under timm's names.
  ///   - heads: weights that only pretraining uses; nil for none.
  ///   - training: the record of the run; nil when there was none.
  /// - Throws: `InputError` when the folder is unwritable or the disk full.
  package func write(
    _ encoder: any Encoder, preprocessing: Preprocessing,
    classifier: ClassifierHead? = nil, heads: ParameterStore? = nil, training: JSON? = nil
  ) throws {
    try AtomicFile.createFolder(path)
    guard let stored = encoder as? any StoredEncoder else {
      throw InputError(encoder.name, "is of a family that checkpoint folders do not hold")
    }
    try stored.writeWeights(with: classifier, to: modelPath)
    if let heads {
      try writeSafetensors(heads, metadata: ["format": "pt"], to: pretrainingPath)
    }
    if let training { try AtomicFile.write(training.text(pretty: true) + "\n", to: trainingPath) }
    let config = stored.timmConfiguration(preprocessing, classifier: classifier)
    try AtomicFile.write(config.text(pretty: true) + "\n", to: configPath)
  }

  /// The record of the run; nil when there is none.
  /// - Throws: `InputError` when it is damaged.
  package func training() throws -> JSON? {
    guard FileSystem.exists(trainingPath) else { return nil }
    return try JSON.parse(contentsOf: trainingPath)
  }
}
