import Support
import Vision

/// OpenCLIP's `preprocess_cfg`: what its `image_transform` makes of it.
struct OpenCLIPSettings {
  private let reader: SettingsReader
  /// The side of the image tower, which counts before the one of `preprocess_cfg`.
  private let side: Int

  /// - Parameters:
  ///   - file: the path of `open_clip_config.json`.
  ///   - json: its content.
  ///   - usual: the side where nothing states one.
  /// - Throws: `InputError` for a tower that is no square.
  init(file: String, _ json: JSON, usual: Int) throws {
    let vision = json["model_cfg"]?["vision_cfg"] ?? .object([:])
    let stated = try SettingsReader(file: file, json: vision).square("image_size")
    reader = SettingsReader(file: file, json: json["preprocess_cfg"] ?? .object([:]))
    side = try stated ?? reader.square("size") ?? usual
  }

  /// The transform; OpenCLIP's own defaults stand in for what is absent.
  /// - Throws: `InputError` naming what is out of range or cannot be followed.
  func preprocessing() throws -> Preprocessing {
    if let mode = try reader.text("mode"), mode != "RGB" {
      throw reader.refusal("mode", "and only RGB is followed")
    }
    var result = Preprocessing(
      side: side, resize: .shortSide(.pixels(side)), interpolation: try interpolation(),
      statistics: try reader.statistics(
        mean: "mean", deviation: "std", default: OpenCLIP.clipStatistics))
    switch try reader.text("resize_mode") ?? "shortest" {
    case "shortest": break
    case "squash": result.resize = .squash(width: .pixels(side), height: .pixels(side))
    case "longest":
      result.resize = .longSide(.pixels(side))
      result.fill = try fill()
    default:
      throw reader.refusal("resize_mode", "not shortest, longest or squash", say: "resize=squash")
    }
    return result
  }

  /// One level for all channels, or one for each.
  private func fill() throws -> [UInt8] {
    let levels = try reader.colours("fill_color", in: 0...255, say: "resize=squash") ?? [0, 0, 0]
    guard let bytes = Optional(levels.compactMap { UInt8(exactly: $0) }), bytes.count == 3 else {
      throw reader.refusal("fill_color", "not whole levels in 0…255", say: "resize=squash")
    }
    return bytes
  }

  /// `random` is bicubic at evaluation.
  private func interpolation() throws -> Interpolation {
    switch try reader.text("interpolation") ?? "bicubic" {
    case "bicubic", "random": return .bicubic
    case "bilinear": return .bilinear
    default:
      throw reader.refusal(
        "interpolation", "not bicubic, bilinear or random", say: "interpolation=bicubic")
    }
  }
}
