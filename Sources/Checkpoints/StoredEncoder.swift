import Encoders
import Support
import Tensors
import Vision

/// An encoder of a family that checkpoint folders hold, as timm knows it.
protocol StoredEncoder: Encoder {
  /// Writes the weights under timm's names.
  ///
  /// - Parameters:
  ///   - classifier: goes beside them; nil for none.
  ///   - path: a safetensors file.
  /// - Throws: `InputError` when the place is unwritable or the disk full.
  func writeWeights(with classifier: ClassifierHead?, to path: String) throws

  /// The folder's `config.json`.
  func timmConfiguration(_ preprocessing: Preprocessing, classifier: ClassifierHead?) -> JSON
}

extension VisionTransformer: StoredEncoder {
  func writeWeights(with classifier: ClassifierHead?, to path: String) throws {
    let head = classifier?.timmWeights ?? []
    if configuration.isTimmBEiT {
      let weights = beitWeights(hasClassifierNorm: classifier?.norm != nil)
      try writeSafetensors(weights + head, metadata: ["format": "pt"], to: path)
    } else {
      try writeSafetensors(parameters, beside: head, metadata: ["format": "pt"], to: path)
    }
  }

  func timmConfiguration(_ preprocessing: Preprocessing, classifier: ClassifierHead?) -> JSON {
    CheckpointFolder.config(of: self, preprocessing: preprocessing, classifier: classifier)
  }
}

extension Encoders.ResNet: StoredEncoder {
  func writeWeights(with classifier: ClassifierHead?, to path: String) throws {
    let head = [("fc.weight", classifier?.weight), ("fc.bias", classifier?.bias)].compactMap {
      name, tensor in tensor.map { (name: name, tensor: $0) }
    }
    try writeSafetensors(parameters, beside: head, metadata: ["format": "pt"], to: path)
  }

  func timmConfiguration(_ preprocessing: Preprocessing, classifier: ClassifierHead?) -> JSON {
    CheckpointFolder.config(
      of: configuration, name: name, preprocessing: preprocessing,
      classes: classifier?.classes ?? 0)
  }
}
