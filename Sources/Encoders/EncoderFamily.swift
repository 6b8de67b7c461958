import Support
import Tensors

/// Encoders of one kind, which are made by name; every file of `Families` is one.
package protocol EncoderFamily: Encoder {
  /// The architectures that can be named, with what they are.
  static var architectures: [(name: String, summary: String)] { get }

  /// Declares the parameters of a network; all are zero until they are initialised or loaded.
  ///
  /// - Parameter name: an architecture of this family with its extents.
  /// - Throws: `InputError` when the name is malformed or extents do not fit each other.
  init(named name: String) throws

  /// Draws fresh weights.
  func initialize(seed: UInt64)
}

/// Encoder names: architecture / patch @ input side, as in `vit-tiny/4@32` or `resnet50@224`.
package enum EncoderCatalog {
  /// The architectures that can be named, with what they are.
  package static var architectures: [(name: String, summary: String)] {
    // Vision transformers before the others, as everywhere in the documentation.
    allEncoderFamilies.reversed().flatMap { $0.architectures }
  }

  /// The family that has the architecture of a name.
  ///
  /// - Throws: `InputError` with the nearest architecture when there is none.
  private static func family(of name: String) throws -> any EncoderFamily.Type {
    let architecture = String(name.prefix { $0 != "/" && $0 != "@" })
    let found = allEncoderFamilies.first { family in
      family.architectures.contains { $0.name == architecture }
    }
    guard let found else {
      let close = nearest(architecture, among: architectures.map { $0.name })
      throw InputError(
        name, "there is no encoder '\(architecture)'",
        close.map { "did you mean \($0)?" } ?? "write for example vit-tiny/4@32 or resnet50@224")
    }
    return found
  }

  /// Refuses a name that names no encoder.
  /// - Throws: `InputError` with the nearest name.
  package static func validate(_ name: String) throws {
    _ = try declare(name)
  }

  /// An encoder whose parameters are declared; no memory for weights is taken before they are read or written.
  ///
  /// - Parameter name: an encoder name.
  /// - Returns: the encoder, without weights.
  /// - Throws: `InputError` when the name names nothing.
  package static func declare(_ name: String) throws -> any Encoder {
    try family(of: name).init(named: name)
  }

  /// An untrained encoder, initialised as MAE initialises it, a ResNet as torchvision does.
  ///
  /// - Parameters:
  ///   - name: an encoder name.
  ///   - seed: fixes the weights.
  /// - Returns: the encoder.
  /// - Throws: `InputError` when the name names nothing.
  package static func make(_ name: String, seed: UInt64) throws -> any Encoder {
    let encoder = try family(of: name).init(named: name)
    encoder.initialize(seed: seed)
    return encoder
  }
}
