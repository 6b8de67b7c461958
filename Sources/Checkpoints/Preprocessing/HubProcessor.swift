import Support
import Vision

/// A Hugging Face image processor of today's plain kind: resize, centre crop, rescale, normalise.
///
/// What a file does not say is what its class says in transformers 5. The arithmetic is that of its classes on Pillow;
/// the default ones work on tensors and differ from them by a grey level here and there.
struct HubProcessor {
  /// What a class says where its file is silent.
  struct Standard {
    var size: JSON = 224
    /// Whether a single number as `size` is both sides, not the short one.
    var isSquare = true
    var crop: JSON?
    var crops = false
    var interpolation = Interpolation.bicubic
    var statistics = PixelStatistics.half
    /// ConvNeXt's own resize: this share of it is kept below 384 pixels.
    var cropRatio: Double?
  }

  private let reader: SettingsReader
  private let standard: Standard
  /// Whether the user says how pictures are resized, so that the file's way need not be understood.
  private let isResizeStated: Bool

  /// - Parameters:
  ///   - reader: the file.
  ///   - modelType: `model_type` of the model's configuration.
  ///   - isResizeStated: whether the user says how pictures are resized.
  /// - Throws: `InputError` naming a class that does more than this, or when neither tells the class.
  init(_ reader: SettingsReader, modelType: String?, isResizeStated: Bool = false) throws {
    self.reader = reader
    self.isResizeStated = isResizeStated
    if let name = try Self.className(reader) {
      guard let known = Self.classes[name] ?? (isResizeStated ? Standard() : nil) else {
        throw InputError(
          reader.file, "asks for the image processor '\(name)', which is not followed",
          "say what it does: --set checkpoint.resize=short_side, squash or long_side")
      }
      standard = known
    } else if let known = modelType.flatMap({ Self.models[$0] }).flatMap({ Self.classes[$0] }) {
      standard = known
    } else if isResizeStated {
      standard = Standard()
    } else {
      throw InputError(
        reader.file, "does not say of which class of image processor it is",
        "add its 'image_processor_type', or say what it does: --set checkpoint.resize=squash")
    }
  }

  /// The class in a file, without the endings of its variants.
  private static func className(_ reader: SettingsReader) throws -> String? {
    if var name = try reader.text("image_processor_type") {
      for ending in ["Fast", "Pil"] where name.hasSuffix(ending) {
        name.removeLast(ending.count)
      }
      return name
    }
    return try reader.text("feature_extractor_type")?
      .replacing("FeatureExtractor", with: "ImageProcessor")
  }

  /// The transform of the class of a model that comes without a file; of `vit` where the type is not known.
  static func standard(modelType: String) throws -> Preprocessing {
    let empty = SettingsReader(file: "", json: .object([:]))
    let known = models[modelType] == nil ? "vit" : modelType
    return try HubProcessor(empty, modelType: known).preprocessing()
  }

  /// The transform that the file and its class ask for.
  /// - Parameter usual: the side that counts where the user says how pictures are resized.
  /// - Returns: the transform.
  /// - Throws: `InputError` naming what is out of range or cannot be followed.
  func preprocessing(usual: Int = 224) throws -> Preprocessing {
    let (side, resize) = try isResizeStated ? (usual, .none) : view()
    var result = Preprocessing(
      side: side, resize: resize, interpolation: try interpolation(), statistics: try statistics())
    result.margins = .down
    if try reader.truth("do_rescale", default: true) {
      result.white = 255 * (try reader.number("rescale_factor", in: 1e-6...1e6) ?? 1 / 255)
    } else {
      result.white = 255
    }
    return result
  }

  private func statistics() throws -> PixelStatistics {
    guard try reader.truth("do_normalize", default: true) else { return .none }
    return try reader.statistics(
      mean: "image_mean", deviation: "image_std", default: standard.statistics)
  }

  private func interpolation() throws -> Interpolation {
    guard try reader.truth("do_resize", default: true), let value = reader["resample"] else {
      return standard.interpolation
    }
    let byNumber = [
      0: Interpolation.nearest, 1: .lanczos, 2: .bilinear, 3: .bicubic, 4: .box, 5: .hamming,
    ]
    let found =
      value.int.flatMap { byNumber[$0] }
      ?? value.string.flatMap { Interpolation(rawValue: $0.lowercased()) }
    guard let found else {
      throw reader.refusal("resample", "no filter that is known", say: "interpolation=bicubic")
    }
    return found
  }

  // MARK: Sizes

  /// The side, and how pictures are resized.
  private func view() throws -> (side: Int, resize: Preprocessing.Resize) {
    for key in Self.unfollowed where try reader.truth(key, default: false) {
      throw reader.refusal(key, "which is not followed", say: "resize=short_side")
    }
    let (resize, made) = try resize()
    guard let side = try crop() ?? made else { throw shapeless() }
    return (side, resize)
  }

  /// How pictures are resized, and the side that they have then; nil where they keep their shapes.
  private func resize() throws -> (Preprocessing.Resize, made: Int?) {
    guard try reader.truth("do_resize", default: true) else { return (.none, nil) }
    let size = try size()
    if let ratio = standard.cropRatio { return try convNextResize(size, ratio) }
    switch size {
    case .both(let height, let width):
      let made = width == height ? width : nil
      return (.squash(width: .pixels(width), height: .pixels(height)), made)
    case .short(let short, nil): return (.shortSide(.pixels(short)), nil)
    case .short(let short, let most?):
      return (.shortSideWithin(.pixels(short), atMost: most), nil)
    }
  }

  /// Below 384 pixels `crop_pct` of the short side is kept; from there on pictures are squashed.
  private func convNextResize(
    _ size: Size, _ ratio: Double
  ) throws -> (Preprocessing.Resize, made: Int?) {
    guard case .short(let short, _) = size else {
      throw reader.refusal("size", "without the 'shortest_edge' of its class", say: "resize=squash")
    }
    guard short < 384 else {
      return (.squash(width: .pixels(short), height: .pixels(short)), short)
    }
    let kept = try reader.number("crop_pct", in: 0.01...100) ?? ratio
    return (.shortSide(.pixels(max(1, Int(Double(short) / kept)))), short)
  }

  /// The side of the centre crop; nil when there is none.
  private func crop() throws -> Int? {
    guard try reader.truth("do_center_crop", default: standard.crops) else { return nil }
    guard let stated = reader["crop_size"] ?? standard.crop else {
      throw reader.refusal(
        "crop_size", "and its 'do_center_crop' is true", say: "resize=short_side")
    }
    guard let (height, width) = pair(stated) else {
      throw reader.refusal(
        "crop_size", "not a height and a width in 1…8192", say: "resize=short_side")
    }
    guard height == width else {
      throw reader.refusal("crop_size", "a rectangle, and only square inputs can be read")
    }
    if standard.cropRatio != nil {
      guard case .short(height, _) = try size() else {
        throw reader.refusal(
          "crop_size", "other than its 'size', and cut a second time", say: "resize=short_side")
      }
    }
    return height
  }

  private func shapeless() -> InputError {
    if reader["do_resize"]?.bool == false {
      return reader.refusal(
        "do_resize", "and nothing is cut: pictures would keep their sizes", say: "resize=squash")
    }
    guard let both = pair(reader["size"] ?? standard.size) else {
      return reader.refusal(
        "size", "and nothing is cut: pictures would keep their shapes", say: "resize=squash")
    }
    return InputError(
      reader.file,
      "its 'size' is \(both.width)×\(both.height), a rectangle, and only square inputs can be read",
      "say what to do instead: --set checkpoint.resize=squash")
  }

  private enum Size {
    case both(height: Int, width: Int)
    case short(Int, most: Int?)
  }

  private func size() throws -> Size {
    let stated = reader["size"] ?? standard.size
    let isSquare = try reader.truth("default_to_square", default: standard.isSquare)
    if let number = stated.int, !isSquare, 1...8192 ~= number {
      return .short(number, most: nil)
    }
    if let both = pair(stated) { return .both(height: both.height, width: both.width) }
    let members = (stated.object ?? [:]).filter { !$0.value.isNull }
    let sides = members.compactMapValues(\.int).filter { 1...8192 ~= $0.value }
    if sides.count == members.count, let short = sides["shortest_edge"] {
      if members.count == 1 { return .short(short, most: nil) }
      if members.count == 2, let long = sides["longest_edge"] { return .short(short, most: long) }
    }
    throw reader.refusal(
      "size", "not sides in 1…8192 that transformers' processor of this class takes",
      say: "resize=squash")
  }

  /// Height and width of a number, a list or a mapping of both.
  private func pair(_ json: JSON) -> (height: Int, width: Int)? {
    let sides: [JSON?]
    switch json {
    case .array(let values): sides = values
    case .object(let members):
      guard members.filter({ !$0.value.isNull }).count == 2 else { return nil }
      sides = [members["height"], members["width"]]
    default: sides = [json, json]
    }
    let numbers = sides.compactMap { $0?.int }.filter { 1...8192 ~= $0 }
    return sides.count == 2 && numbers.count == 2 ? (numbers[0], numbers[1]) : nil
  }

  // MARK: Classes

  /// Switches of processors that do more, which are refused where they are on.
  private static let unfollowed = [
    "do_pad", "rescale_offset", "do_flip_channel_order", "do_color_quantize", "do_thumbnail",
    "do_align_long_axis", "do_image_splitting", "do_pan_and_scan", "use_square_size",
  ]

  /// The classes of transformers 5 that only resize, crop, rescale and normalise.
  private static let classes: [String: Standard] = {
    let clip = Standard(
      size: ["shortest_edge": 224], isSquare: false, crop: 224, crops: true,
      statistics: OpenCLIP.clipStatistics)
    return [
      "ViTImageProcessor": Standard(interpolation: .bilinear),
      "DeiTImageProcessor": Standard(size: 256, crop: 224, crops: true),
      "BeitImageProcessor": Standard(crop: 224),
      "PvtImageProcessor": Standard(statistics: .imageNet),
      "SiglipImageProcessor": Standard(size: ["height": 224, "width": 224], isSquare: false),
      "BlipImageProcessor": Standard(size: 384, statistics: OpenCLIP.clipStatistics),
      "DINOv3ViTImageProcessor": Standard(interpolation: .bilinear, statistics: .imageNet),
      "ConvNextImageProcessor": Standard(
        size: ["shortest_edge": 384], isSquare: false, cropRatio: 224 / 256),
      "CLIPImageProcessor": clip, "ChineseCLIPImageProcessor": clip, "BitImageProcessor": clip,
    ]
  }()

  /// The class of each type of model, where the file does not name one.
  private static let models: [String: String] = [
    "vit": "ViTImageProcessor", "vit_mae": "ViTImageProcessor", "vit_msn": "ViTImageProcessor",
    "ijepa": "ViTImageProcessor", "deit": "DeiTImageProcessor", "beit": "BeitImageProcessor",
    "data2vec-vision": "BeitImageProcessor", "clip": "CLIPImageProcessor",
    "clip_vision_model": "CLIPImageProcessor", "chinese_clip": "ChineseCLIPImageProcessor",
    "siglip": "SiglipImageProcessor", "siglip_vision_model": "SiglipImageProcessor",
    "dinov2": "BitImageProcessor", "dinov2_with_registers": "BitImageProcessor",
    "dinov3_vit": "DINOv3ViTImageProcessor", "resnet": "ConvNextImageProcessor",
    "convnext": "ConvNextImageProcessor", "convnextv2": "ConvNextImageProcessor",
  ]
}
