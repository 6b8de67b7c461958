import Support
import Vision

/// The transform that the files beside the weights ask for, and whose it is.
struct StatedPreprocessing {
  /// The transform.
  private(set) var preprocessing: Preprocessing
  /// The file that asks for it, for messages.
  let file: String
  /// Whether it says how much of a picture is seen; otherwise a small side sees all of it.
  var statesView = true
  /// Whether it says at which side the network is evaluated, whatever its table of positions is for.
  var choosesSide = false
  /// What a reader should know.
  private(set) var note: String?

  /// Fits the pictures to the side that the same file states for the network.
  mutating func fit(to side: Int) {
    guard side != preprocessing.side else { return }
    note =
      "pictures of \(side)×\(side), as the network's img_size says; pretrained_cfg says "
      + "\(preprocessing.side)×\(preprocessing.side)"
    preprocessing = preprocessing.with(side: side)
  }

  /// Checks that the pictures are of the size that the network reads.
  /// - Parameters:
  ///   - side: of the network.
  ///   - patch: a picture may be larger by less than a patch, of which nothing is seen.
  ///   - options: what the user says; another side or resize than the file's is its own answer.
  /// - Throws: `InputError` naming both sides.
  func check(side: Int, patch: Int, _ options: CheckpointOptions) throws {
    guard options.side == nil, options.view.resize == nil,
      preprocessing.side / patch * patch != side
    else { return }
    throw InputError(
      file,
      "makes pictures of \(preprocessing.side)×\(preprocessing.side), and the network reads "
        + "\(side)×\(side)",
      "say the side, to which the rest is fitted: --set checkpoint.side=\(side)")
  }
}

extension CheckpointOptions {
  /// The transform of evaluation.
  ///
  /// - Parameters:
  ///   - stated: what a file asks for; nil for none.
  ///   - usual: the transform of the family.
  ///   - side: of the network.
  /// - Returns: the transform.
  /// - Throws: `InputError` when what the user says fits nothing.
  func preprocessing(
    _ stated: StatedPreprocessing?, usual: Preprocessing, side: Int
  ) throws -> Preprocessing {
    let base = stated?.preprocessing ?? usual
    let isTrimmed = stated != nil && self.side == nil && view.resize == nil && base.side > side
    let fitted = isTrimmed ? base.trimmed(to: side) : base.with(side: side)
    return try view.applied(to: stated?.statesView == true ? fitted : fitted.wholeWhenSmall)
  }
}

extension WeightView {
  /// What the files beside the weights ask for; nil where there are none.
  ///
  /// Each library's file is read as that library reads it. What the user states is not read at all, so that it can
  /// stand in for what cannot be followed.
  /// - Parameters:
  ///   - options: what the user says.
  ///   - usual: the side where a file states none.
  ///   - family: the key map.
  /// - Returns: the transform and whose it is.
  /// - Throws: `InputError` naming the key and the value that cannot be followed.
  func statedPreprocessing(
    _ options: CheckpointOptions, usual: Int, family: String
  ) throws -> StatedPreprocessing? {
    if let ours = config["unmask"]?["preprocessing"] {
      return try own(ours, usual: usual)
    }
    if family == OpenCLIP.name, let stated = try openCLIP(options, usual: usual) { return stated }
    if let stated = try timm(options) { return stated }
    if let stated = try hub(options, usual: usual) { return stated }
    return try openCLIP(options, usual: usual)
  }

  private func own(_ json: JSON, usual: Int) throws -> StatedPreprocessing {
    let file = archive.source + "/config.json"
    let fields = try Fields(json: json, file: file)
    let preprocessing = try Preprocessing(fields, default: .standard(side: usual))
    try fields.finish()
    return StatedPreprocessing(preprocessing: preprocessing, file: file)
  }

  private func openCLIP(
    _ options: CheckpointOptions, usual: Int
  ) throws -> StatedPreprocessing? {
    guard let json = archive.metadata["openCLIP"] else { return nil }
    let file = archive.source + "/open_clip_config.json"
    let section = "preprocess_cfg"
    var members = json.object ?? [:]
    if let stated = members[section], !stated.isNull {
      members[section] = try mapping(stated, section, in: file).without(options.view.statedKeys)
    }
    let settings = try OpenCLIPSettings(file: file, .object(members), usual: usual)
    return StatedPreprocessing(
      preprocessing: try settings.preprocessing(), file: file, choosesSide: true)
  }

  /// `pretrained_cfg`, or the whole file where it is of timm's older form.
  private func timm(_ options: CheckpointOptions) throws -> StatedPreprocessing? {
    let isOld = config["architecture"]?.string != nil && config["input_size"] != nil
    let old: JSON? = isOld ? config : .none
    let key = "pretrained_cfg"
    guard let json = config[key] ?? old, !json.isNull else { return nil }
    let file = archive.source + "/config.json"
    let stated = try mapping(json, key, in: file).without(options.view.statedKeys)
    let settings = TimmSettings(SettingsReader(file: file, json: stated))
    var result = StatedPreprocessing(
      preprocessing: try settings.preprocessing(), file: file, statesView: settings.statesView,
      choosesSide: settings.hasTestSide)
    if options.side == nil, !settings.hasTestSide, let side = try statedSide() {
      result.fit(to: side)
    }
    return result
  }

  private func mapping(_ json: JSON, _ key: String, in file: String) throws -> JSON {
    guard json.object == nil else { return json }
    throw InputError(
      file, "its '\(key)' is \(json.kind), not a mapping",
      "restore the file that was written with the weights")
  }

  /// What Hugging Face's `config.json` calls the model, or its image tower.
  var modelType: String? { (imageConfig["model_type"] ?? config["model_type"])?.string }

  /// transformers reads `processor_config.json` first where it holds an image processor.
  private func hub(_ options: CheckpointOptions, usual: Int) throws -> StatedPreprocessing? {
    let nested = archive.metadata["processor"]?["image_processor"]
    guard let json = nested ?? archive.metadata["preprocessor"] else { return nil }
    let name = nested == nil ? "preprocessor_config.json" : "processor_config.json"
    let reader = SettingsReader(
      file: archive.source + "/" + name, json: json.without(options.view.statedKeys),
      nullIsAbsent: false)
    let processor = try HubProcessor(
      reader, modelType: modelType, isResizeStated: options.view.resize != nil)
    return StatedPreprocessing(
      preprocessing: try processor.preprocessing(usual: usual), file: reader.file,
      choosesSide: modelType?.hasPrefix("dinov2") == true)
  }
}

extension ViewOptions {
  /// The keys of settings files that the user's words stand in for.
  fileprivate var statedKeys: Set<String> {
    var keys: Set<String> = []
    if mean != nil { keys.formUnion(["mean", "image_mean"]) }
    if deviation != nil { keys.formUnion(["std", "image_std"]) }
    if interpolation != nil { keys.formUnion(["interpolation", "resample"]) }
    if crop != nil { keys.formUnion(["crop_pct", "test_crop_pct"]) }
    if resize != nil { keys.formUnion(["crop_mode", "resize_mode", "fill_color"]) }
    return keys
  }
}

extension JSON {
  /// The object without some of its members.
  fileprivate func without(_ keys: Set<String>) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { !keys.contains($0.key) })
  }
}
