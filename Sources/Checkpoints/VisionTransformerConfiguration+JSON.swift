import Encoders
import Support
import Tensors

extension VisionTransformerConfiguration {
  /// The configuration for `config.json`; every field is written, but rotary periods only where there are any.
  package var json: JSON {
    var members: [String: JSON] = [
      "width": .integer(width), "depth": .integer(depth), "heads": .integer(heads),
      "patch": .integer(patch), "side": .integer(side), "channels": .integer(channels),
      "class_token": .bool(hasClassToken), "register_tokens": .integer(registerTokens),
      "mlp_width": .integer(mlpWidth), "qkv_bias": .bool(hasQKVBias),
      "norm_epsilon": .number(Double("\(normEpsilon)") ?? 1e-6),
      "positions": .string(positions.rawValue),
      "positions_cover_prefix": .bool(positionsCoverPrefix),
      "layer_scale": .bool(hasLayerScale), "pre_norm": .bool(hasPreNorm),
      "activation": .string(activation.rawValue), "mlp": .string(mlp.rawValue),
      "relative_positions": .string(relativePositions.rawValue),
      "final_norm": .bool(hasFinalNorm), "patch_bias": .bool(hasPatchBias),
    ]
    if let rotary {
      members["rotary_periods"] = .array(rotary.periods.map { .number(Double("\($0)") ?? 1) })
    }
    return .object(members)
  }

  /// Reads what `json` wrote.
  /// - Throws: `InputError` naming an unknown key or a value out of bounds.
  package init(_ fields: Fields) throws {
    self.init(
      width: try fields.takeRequired("width", in: 1...16384, "features of a token"),
      depth: try fields.takeRequired("depth", in: 1...512, "blocks"),
      heads: try fields.takeRequired("heads", in: 1...1024, "attention heads"),
      patch: try fields.takeRequired("patch", in: 1...1024, "side of a patch"),
      side: try fields.takeRequired("side", in: 1...8192, "side of the input"))
    channels = try fields.take("channels", default: 3, in: 1...64, "channels of the input")
    hasClassToken = try fields.take("class_token", default: true, "whether there is one")
    registerTokens = try fields.take("register_tokens", default: 0, in: 0...1024, "registers")
    mlpWidth = try fields.take("mlp_width", default: 4 * width, in: 1...131072, "hidden width")
    hasQKVBias = try fields.take("qkv_bias", default: true, "whether q, k, v have a bias")
    normEpsilon = Float(
      try fields.take("norm_epsilon", default: 1e-6, in: 0...1, "inside the root of norms"))
    positions = try choice(fields, "positions", .learned, "where positions come from")
    positionsCoverPrefix = try fields.take(
      "positions_cover_prefix", default: true, "whether the class token has a position")
    hasLayerScale = try fields.take("layer_scale", default: false, "whether branches are scaled")
    hasPreNorm = try fields.take("pre_norm", default: false, "a norm before the first block")
    activation = try choice(fields, "activation", .gelu, "of the MLP")
    mlp = try choice(fields, "mlp", .plain, "what follows the attention")
    relativePositions = try choice(fields, "relative_positions", .none, "bias on the scores")
    hasFinalNorm = try fields.take("final_norm", default: true, "a norm after the last block")
    hasPatchBias = try fields.take("patch_bias", default: true, "a bias of the patch embedding")
    let periods = try fields.take(
      "rotary_periods", default: [Double](), in: Double.leastNonzeroMagnitude...,
      "of the angles by which queries and keys are turned")
    if !periods.isEmpty { rotary = RotaryPositions(periods: periods.map { Float($0) }) }
    try fields.finish()
  }
}

/// One of the cases of an enumeration, by its raw value.
private func choice<Value: RawRepresentable & CaseIterable>(
  _ fields: Fields, _ key: String, _ fallback: Value, _ documentation: String
) throws -> Value where Value.RawValue == String {
  let text = try fields.takeChoice(
    key, of: Value.allCases.map(\.rawValue), default: fallback.rawValue, documentation)
  return Value(rawValue: text) ?? fallback
}
