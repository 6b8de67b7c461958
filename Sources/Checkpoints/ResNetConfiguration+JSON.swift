import Encoders
import Support

extension ResNetConfiguration {
  /// The configuration for reports; every field is written, but channels only where they are not three.
  package var json: JSON {
    var members: [String: JSON] = [
      "stem": .string(stem.rawValue), "block": .string(block.rawValue),
      "shortcut": .string(shortcut.rawValue), "stem_width": .integer(stemWidth),
      "widths": .array(widths.map { .integer($0) }), "depths": .array(depths.map { .integer($0) }),
      "side": .integer(side),
    ]
    if channels != 3 { members["channels"] = .integer(channels) }
    return .object(members)
  }
}
