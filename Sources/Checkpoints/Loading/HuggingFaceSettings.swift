import Support
import Tensors
import Vision

/// What Hugging Face's and timm's JSON files beside the weights say about a model.
extension WeightView {
  /// The settings of the image tower: `vision_config` of a CLIP model, else the whole `config.json`.
  var imageConfig: JSON { config["vision_config"] ?? config }

  /// Traits that `config.json` and `preprocessor_config.json` override.
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
    traits.statedSide =
      side(config["image_size"]) ?? side(config["model_args"]?["img_size"]) ?? traits.statedSide
    traits.preprocessing = preprocessing(default: traits.preprocessing)
    return traits
  }

  /// A side, also of two.
  private func side(_ json: JSON?) -> Int? { json?.int ?? json?[0]?.int }

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

  /// The transform that the files beside the weights give; `standard` where they are silent.
  func preprocessing(default standard: Preprocessing) -> Preprocessing {
    let hub = archive.metadata["preprocessor"]
    let timm = config["pretrained_cfg"] ?? .object([:])
    let mean = statistics(hub?["image_mean"] ?? timm["mean"])
    let deviation = statistics(hub?["image_std"] ?? timm["std"])
    var values = standard.statistics
    if let mean, let deviation, deviation.allSatisfy({ $0 > 0 }) {
      values = PixelStatistics(mean: mean, deviation: deviation)
    }
    var interpolation = standard.interpolation
    switch hub?["resample"]?.int {
    case 2: interpolation = .bilinear
    case 3: interpolation = .bicubic
    default:
      interpolation = Interpolation(rawValue: timm["interpolation"]?.string ?? "") ?? interpolation
    }
    var ratio = timm["crop_pct"]?.double ?? standard.cropRatio
    var side = timm["input_size"]?[2]?.int ?? standard.side
    if let hub, let size = resize(hub) {
      let crops = hub["do_center_crop"]?.bool ?? (hub["crop_size"] != nil)
      let crop = hub["crop_size"]?["height"]?.int ?? hub["crop_size"]?.int
      side = crops ? crop ?? size : size
      ratio = crops ? Double(side) / Double(max(size, 1)) : 1
    }
    guard ratio > 0, ratio.isFinite, 1...8192 ~= side else { return standard }
    return Preprocessing(
      side: side, cropRatio: min(ratio, 1), interpolation: interpolation, statistics: values)
  }

  /// The length of the short side after `preprocessor_config.json`'s resize.
  private func resize(_ hub: JSON) -> Int? {
    let size = hub["size"]
    return size?["shortest_edge"]?.int ?? size?["height"]?.int ?? size?.int
  }

  private func statistics(_ json: JSON?) -> [Float]? {
    guard let values = json?.array?.compactMap({ $0.double }), values.count == 3,
      values.allSatisfy({ $0.isFinite })
    else { return nil }
    return values.map { Float($0) }
  }
}
