import Encoders
import Support

extension ResidualNetworkConfiguration {
  /// The configuration for reports; every field is written.
  package var json: JSON {
    [
      "stem": .string(stem.rawValue), "block": .string(block.rawValue),
      "shortcut": .string(shortcut.rawValue), "stem_width": .integer(stemWidth),
      "widths": .array(widths.map { .integer($0) }), "depths": .array(depths.map { .integer($0) }),
      "side": .integer(side),
    ]
  }
}
