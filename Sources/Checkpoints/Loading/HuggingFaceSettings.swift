import Support
import Tensors
import Vision

/// What Hugging Face's and timm's JSON files beside the weights say about a model.
extension WeightView {
  /// The settings of the image tower: `vision_config` of a CLIP model, else the whole `config.json`.
  var imageConfig: JSON { config["vision_config"] ?? config }

  /// Traits that `config.json` overrides.
  func applyingSettings(to traits: TransformerTraits) throws -> TransformerTraits {
    var traits = traits
    let config = imageConfig
    if let epsilon = try number(config["layer_norm_eps"], "layer_norm_eps") {
      guard 0...1 ~= epsilon else {
        throw InputError(archive.source, "its config.json has a layer_norm_eps of \(epsilon)")
      }
      traits.normEpsilon = Float(epsilon)
    }
    if let name = config["hidden_act"]?.string {
      traits.activation = try activation(named: name)
    }
    traits.statedHeads =
      config["num_attention_heads"]?.int ?? config["model_args"]?["num_heads"]?.int
      ?? traits.statedHeads
    return traits
  }

  /// The side that `config.json` states: Hugging Face's `image_size`, or timm's argument `img_size`.
  /// - Throws: `InputError` for a rectangle or nonsense.
  func statedSide() throws -> Int? {
    try side("image_size", of: imageConfig) ?? side("img_size", of: config["model_args"])
  }

  private func side(_ key: String, of json: JSON?) throws -> Int? {
    let file = archive.source + "/config.json"
    return try json.flatMap { try SettingsReader(file: file, json: $0).square(key) }
  }

  /// A stated number; nil where none is stated.
  /// - Throws: `InputError` when something else is stated.
  func number(_ stated: JSON?, _ key: String) throws -> Double? {
    guard let stated, !stated.isNull else { return nil }
    guard let value = stated.double else {
      throw InputError(
        archive.source, "its config.json has \(stated.kind) as '\(key)', not a number",
        "restore the file that was written with the weights")
    }
    return value
  }

  private func activation(named name: String) throws -> Activation {
    switch name {
    case "gelu": return .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
    case "quick_gelu": return .quickGELU
    case "silu", "swish": return .silu
    case "relu": return .relu
    default:
      throw InputError(
        archive.source, "its config.json asks for the activation '\(name)'",
        "say which of ours it is: --set checkpoint.activation=gelu")
    }
  }
}
