import Foundation
import Results
import Support

/// The path of a checkpoint, from which its name is made in as much detail as is needed.
struct CheckpointPath: Sendable {
  /// The most detail that is worth asking for.
  static let mostDetail = 12

  /// The parts of the path, the last one without its file ending; a reference is one part.
  private let parts: [String]
  /// Where the part stands that says most.
  private let start: Int

  /// A path or reference as typed.
  init(_ source: String) {
    guard source != "pixels", !source.hasPrefix("random:") else {
      parts = [source]
      start = 0
      return
    }
    var parts = URL(fileURLWithPath: source).standardizedFileURL.pathComponents.filter { $0 != "/" }
    if let last = parts.popLast() { parts.append(Self.withoutEnding(last)) }
    self.parts = parts
    start = parts.lastIndex { Self.weight(of: $0) == .telling } ?? max(0, parts.count - 1)
  }

  /// The name: the telling part and what little the parts behind it say; with more detail all parts
  /// behind it, then the folders before it one by one.
  func name(detail: Int) -> String {
    guard detail == 0 else {
      return CheckpointName.safe(parts[max(0, start - detail + 1)...].joined(separator: "-"))
    }
    let rest = parts.dropFirst(start + 1).filter { Self.weight(of: $0) == .little }
    let first = parts.dropFirst(start).prefix(1).map(Self.repository)
    return CheckpointName.safe((first + rest).joined(separator: "-"))
  }

  /// `facebook/dinov2-base` of the Hugging Face cache's `models--facebook--dinov2-base`.
  private static func repository(_ part: String) -> String {
    part.hasPrefix("models--")
      ? part.dropFirst("models--".count).split(separator: "--").joined(separator: "-") : part
  }

  private static func withoutEnding(_ name: String) -> String {
    let endings = [
      "safetensors", "pth", "pt", "th", "bin", "npz", "tar", "ckpt", "pkl", "index", "json",
    ]
    var name = name
    while endings.contains(name.fileEnding.lowercased()), !name.fileStem.isEmpty {
      name = name.fileStem
    }
    return name
  }

  /// How much a part says about which checkpoint it is.
  private enum Weight {
    case nothing, little, telling
  }

  private static func weight(of part: String) -> Weight {
    let name = part.lowercased()
    if exact.contains(name) || isHash(name) { return .nothing }
    let words = words(of: name)
    let isShard = words.contains("of") && words.contains { $0.allSatisfy(\.isNumber) }
    if isShard
      && words.allSatisfy({ empty.contains($0) || $0 == "of" || $0.allSatisfy(\.isNumber) })
    {
      return .nothing
    }
    if words.allSatisfy(empty.contains) { return .nothing }
    let isLittle = words.allSatisfy {
      empty.contains($0) || small.contains($0) || $0.allSatisfy(\.isNumber)
    }
    return isLittle ? .little : .telling
  }

  /// Runs of letters and runs of digits.
  private static func words(of name: String) -> [String] {
    name.matches(of: /\p{L}+|\p{N}+/).map { String($0.output) }
  }

  /// The name of a commit or a content hash.
  private static func isHash(_ name: String) -> Bool {
    [32, 40, 64].contains(name.utf8.count) && name.allSatisfy(\.isHexDigit)
  }

  /// Whole names that libraries give to every file.
  private static let exact: Set<String> = [
    "open_clip_pytorch_model", "open_clip_model", "diffusion_pytorch_model", "adapter_model",
    "pytorch_model", "tf_model", "flax_model", "snapshots", "blobs",
  ]

  /// Words that say nothing.
  private static let empty: Set<String> = [
    "checkpoint", "checkpoints", "ckpt", "ckpts", "chkpt", "model", "models", "pytorch", "weight",
    "weights", "state", "states", "statedict", "dict", "param", "params", "parameters", "snapshot",
    "snapshots", "save", "saved", "saves", "file",
  ]

  /// Words that tell files of one run apart, not runs.
  private static let small: Set<String> = [
    "best", "last", "latest", "newest", "current", "final", "epoch", "epochs", "ep", "step",
    "steps",
    "iter", "iters", "iteration", "iterations", "it", "global", "version", "v", "ema", "teacher",
    "student", "momentum", "online", "target", "encoder", "backbone", "net", "network", "module",
    "training", "trained", "train", "pretrained", "finetuned", "acc", "accuracy", "loss", "val",
    "valid", "top", "full", "fp", "bf", "mp", "rank", "zero", "e", "of",
  ]
}
