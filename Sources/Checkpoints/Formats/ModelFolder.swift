import Foundation
import Support

/// A folder of `config.json` and weights, as Hugging Face, timm, OpenCLIP and we write it.
///
/// The metadata gains `config` and, where present, `preprocessor` and `training`.
enum ModelFolder: CheckpointFormat {
  static let name = "folder"
  static let summary = "a folder with config.json and weights"

  /// Files of weights, the preferred first.
  private static let weights = [
    "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
    "pytorch_model.bin", "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin",
  ]

  /// Files of settings, by the key under which the metadata holds them.
  private static let settings = [
    (key: "config", file: "config.json"), (key: "preprocessor", file: "preprocessor_config.json"),
    (key: "processor", file: "processor_config.json"),
    (key: "openCLIP", file: "open_clip_config.json"), (key: "training", file: "training.json"),
  ]

  static func recognizes(_ source: CheckpointSource) -> Bool { source.file == nil }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let folder = source.path
    let found = weights.map { folder + "/" + $0 }
      .first { FileSystem.exists($0) }
    guard let found else {
      if let inside = try TrainingFolder(folder).model() {
        return try openFile(inside).with(source: folder)
      }
      throw try TrainingFolder(folder).refusal()
    }
    let archive = try openFile(found)
    return archive.with(
      metadata: try adding(settingsOf: folder, to: archive.metadata), source: folder, format: name)
  }

  /// The metadata of a file and of the settings that lie beside it, when it is the folder's weights.
  static func neighbours(of path: String, _ metadata: JSON) throws -> JSON {
    let name = path.fileName
    guard weights.contains(name) else { return metadata }
    let folder = path.parentFolder
    return try adding(settingsOf: folder.isEmpty ? "." : folder, to: metadata)
  }

  private static func adding(settingsOf folder: String, to metadata: JSON) throws -> JSON {
    var members = metadata.object ?? [:]
    for (key, file) in settings {
      let path = folder + "/" + file
      guard FileSystem.exists(path) else { continue }
      let content = try JSON.parse(contentsOf: path, limit: 1 << 24)
      if key == "config" { try SettingTypes.check(content, path) }
      members[key] = content
    }
    return .object(members)
  }
}
