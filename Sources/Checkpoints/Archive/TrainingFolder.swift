import Foundation
import Support

/// A folder that a training library wrote, without the weights' usual names.
struct TrainingFolder {
  private let path: String
  private let names: [String]

  /// Lists the folder at `path`.
  /// - Throws: `InputError` when it cannot be read.
  init(_ path: String) throws {
    self.path = path
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw InputError(path, "cannot be read", "check its permissions")
    }
    self.names = names.sorted()
  }

  /// DeepSpeed's file with the whole network, in the folder or in the one that its file `latest` names.
  /// - Throws: `InputError` when the weights are spread over several files.
  func model() throws -> String? {
    let inside = try latest() ?? self
    let parts = inside.names.filter { $0.hasSuffix("_model_states.pt") }
    guard let first = parts.first else { return nil }
    guard !parts.contains(where: { $0.hasPrefix("zero_pp_rank_") }) else {
      throw InputError(
        path, "is a DeepSpeed checkpoint whose weights are spread over its ranks (ZeRO-3)",
        "join them: python zero_to_fp32.py FOLDER OUTPUT (DeepSpeed puts the script beside them)")
    }
    guard parts.count == 1 else {
      throw InputError(
        path, "is a DeepSpeed checkpoint of \(parts.count) model-parallel parts",
        "join them with the library that wrote them")
    }
    return inside.path + "/" + first
  }

  /// The folder of the last step, which DeepSpeed names in a file; Lightning calls it `checkpoint`.
  private func latest() throws -> TrainingFolder? {
    guard names.contains("latest"),
      let text = try? String(contentsOfFile: path + "/latest", encoding: .utf8)
    else { return nil }
    let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard names.contains(name), !name.contains("/"), name != ".." else { return nil }
    return try TrainingFolder(path + "/" + name)
  }

  /// What is said of a folder without weights that can be read.
  func refusal() -> InputError {
    for (problem, remedy, isIt) in Self.kinds {
      if let name = names.first(where: isIt) {
        return InputError(path, problem.replacing("NAME", with: name.prefix(100)), remedy)
      }
    }
    let endings = ["pth", "pt", "th", "ckpt", "safetensors", "bin", "npz", "tar", "pkl"]
    if let file = names.first(where: { endings.contains($0.fileEnding.lowercased()) }) {
      return InputError(
        path, "holds no weights under one of their usual names", "give the file: \(path)/\(file)")
    }
    return InputError(
      path, "holds no weights",
      "a checkpoint folder has model.safetensors or pytorch_model.bin beside config.json")
  }

  /// Folders of other kinds, by a name that they hold.
  private static let kinds: [(problem: String, remedy: String, isIt: @Sendable (String) -> Bool)] =
    [
      (
        "is a distributed checkpoint of PyTorch (NAME)",
        "make one file of it: \(ForeignFile.mergeDistributed)",
        { $0.hasSuffix(".distcp") || $0 == ".metadata" }
      ),
      (
        "holds DeepSpeed's optimiser states (NAME) and no network",
        "join them: python zero_to_fp32.py FOLDER OUTPUT",
        { $0.hasSuffix("_optim_states.pt") || $0 == "zero_to_fp32.py" }
      ),
      (
        "holds adapters alone (NAME), without the network that they change",
        Adapters.remedy, { $0.hasPrefix("adapter_") }
      ),
      (
        "holds shards of weights (NAME) without their index",
        "fetch model.safetensors.index.json too", { $0.contains("-of-0") }
      ),
      (
        "is a checkpoint of JAX (Orbax: NAME), which cannot be read", ForeignFile.conversion,
        { ["_METADATA", "manifest.ocdbt", "_CHECKPOINT_METADATA", "_sharding"].contains($0) }
      ),
      (
        "is a TensorFlow model (NAME), which cannot be read", ForeignFile.conversion,
        { $0 == "saved_model.pb" || $0.contains(".data-00000-of-") }
      ),
      (
        "holds weights of another framework alone (NAME), which cannot be read",
        ForeignFile.conversion,
        { name in
          ["h5", "msgpack", "onnx", "gguf", "ot", "keras", "tflite"].contains(
            name.fileEnding.lowercased())
        }
      ),
      (
        "holds no weights, but folders of a training run (NAME)", "give one of these folders",
        { $0.hasPrefix("checkpoint-") || $0.hasPrefix("global_step") }
      ),
    ]
}
