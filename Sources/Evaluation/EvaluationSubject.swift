import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Vision

/// A checkpoint as tasks see it: an encoder, or raw pixels, and what is known about it.
package struct EvaluationSubject: Sendable {
  /// How people call it; names the row of a table and the folder of its results.
  package var name: String
  /// The path or reference it was loaded from, as given.
  package let source: String
  /// The file format, or `reference` for one that is built in.
  package let format: String
  /// SHA-256 of the weights; nil where there are none (`pixels`).
  package let weightsHash: String?
  /// The encoder; nil for raw pixels.
  package let encoder: (any Encoder)?
  /// The classifier or projection that came with the encoder; nil without one.
  package let head: ClassifierHead?
  /// How an image becomes the encoder's input.
  package let preprocessing: Preprocessing
  /// How it was pretrained; nil when that is not known.
  package let pretraining: JSON?
  /// What was loaded, renamed, ignored and missing; nil when there was nothing to load.
  package let loading: JSON?

  /// A subject of the given parts.
  package init(
    name: String, source: String, format: String, weightsHash: String?,
    encoder: (any Encoder)?, head: ClassifierHead? = nil, preprocessing: Preprocessing,
    pretraining: JSON? = nil, loading: JSON? = nil
  ) {
    self.name = name
    self.source = source
    self.format = format
    self.weightsHash = weightsHash
    self.encoder = encoder
    self.head = head
    self.preprocessing = preprocessing
    self.pretraining = pretraining
    self.loading = loading
  }

  /// The encoder's name; `pixels` when there is none.
  package var encoderName: String { encoder?.name ?? "pixels" }

  /// Channels that the encoder reads: 3, or 1, which is the luminance.
  package var channels: Int { encoder?.channels ?? 3 }

  /// How many parameters the encoder has.
  package var parameterCount: Int { encoder?.parameters.parameterCount ?? 0 }

  /// Everything that fixes the network and its input: two subjects of the same identity give the
  /// same features.
  ///
  /// The weights' hash is that of a file, of which options read one network or another.
  var identity: JSON {
    [
      "weights": .string(weightsHash ?? "none"),
      "encoder": .string(encoderName),
      "family": loading?["family"] ?? .null,
      "branch": loading?["branch"] ?? .null,
      "architecture": loading?["architecture"] ?? .null,
      "preprocessing": preprocessing.json,
    ]
  }

  /// A hash of `identity`.
  package var identityHash: String { SHA256.hex(of: identity.text(pretty: false)) }

  /// Side of the images that the reference `pixels` reads.
  static let pixelSide = 32
  /// Side of the patches that stand for the tokens of `pixels`.
  static let pixelPatch = 4

  /// Resolves what stands on the command line.
  ///
  /// - Parameters:
  ///   - source: a checkpoint folder or file, `random:ENCODER`, or `pixels`.
  ///   - name: how to call it; derived from the source when nil.
  ///   - seed: fixes the weights of `random:`.
  ///   - options: what the user says about a file.
  /// - Returns: the subject.
  /// - Throws: `InputError` when there is no such encoder or the file is unusable.
  package static func load(
    _ source: String, name: String? = nil, seed: UInt64,
    options: CheckpointOptions = CheckpointOptions()
  ) throws -> EvaluationSubject {
    var subject: EvaluationSubject
    if source == "pixels" {
      subject = EvaluationSubject(
        name: "pixels", source: source, format: "reference", weightsHash: nil, encoder: nil,
        preprocessing: try options.view.applied(to: .standard(side: pixelSide)))
    } else if source.hasPrefix("random:") {
      subject = try random(
        String(source.dropFirst("random:".count)), source: source, seed: seed, options: options)
    } else {
      subject = try checkpoint(source, options: options)
    }
    if let name { subject.name = name }
    return subject
  }

  private static func random(
    _ encoderName: String, source: String, seed: UInt64, options: CheckpointOptions
  ) throws -> EvaluationSubject {
    let encoder = try EncoderCatalog.make(encoderName, seed: seed)
    return EvaluationSubject(
      name: CheckpointName.safe(source), source: source, format: "reference",
      weightsHash: hash(of: encoder.parameters), encoder: encoder,
      preprocessing: try options.view.applied(to: .standard(side: encoder.side)),
      pretraining: nil)
  }

  /// SHA-256 over names, shapes and values of all parameters.
  package static func hash(of store: ParameterStore) -> String {
    var hash = SHA256()
    for parameter in store.parameters {
      hash.update("\(parameter.name) \(parameter.shape) ")
      unsafe hash.update(UnsafeRawBufferPointer(start: parameter.data, count: parameter.count * 4))
    }
    return hash.hex()
  }
}
