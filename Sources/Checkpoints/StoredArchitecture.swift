import Encoders
import Support

/// The extents of a network of some family, as files give them and checkpoint folders hold them.
package protocol StoredArchitecture: Sendable {
  /// Features of the network.
  var width: Int { get }
  /// Whether it attends to tokens, so that tokens which nobody knows would change what it computes.
  var hasTokens: Bool { get }
  /// The extents, for `inspect` and reports.
  var json: JSON { get }

  /// Declares a network of these extents.
  ///
  /// - Parameter name: `vit-base/16@224`.
  /// - Returns: the network.
  /// - Throws: `InputError` when extents do not fit each other.
  func makeEncoder(named name: String) throws -> any Encoder

  /// Why no checkpoint folder can hold such a network; nil where it can.
  var refusalToConvert: String? { get }
}

extension VisionTransformerConfiguration: StoredArchitecture {
  package var hasTokens: Bool { true }

  package func makeEncoder(named name: String) throws -> any Encoder {
    try VisionTransformer(self, name: name)
  }

  package var refusalToConvert: String? {
    rotary == nil ? nil : "has rotary positions, which converted folders do not hold"
  }
}

extension ResNetConfiguration: StoredArchitecture {
  package var hasTokens: Bool { false }

  package func makeEncoder(named name: String) throws -> any Encoder {
    try Encoders.ResNet(self, name: name)
  }

  package var refusalToConvert: String? { nil }
}
